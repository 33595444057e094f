"""All checks over complete dossiers; importing their modules registers them."""

from bds_tool.validate.checks.base import REGISTER as CHECKS

__all__ = ["CHECKS"]
