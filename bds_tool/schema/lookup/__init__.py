"""Looking things up in the definitions: cards, search, lists, history."""
