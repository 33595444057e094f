from bds_tool.cli.main import main

main()
