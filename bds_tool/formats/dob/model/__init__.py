"""The message standard as tables: the model that validator, writer and reader share (`tables`), and its judge."""

from bds_tool.formats.dob.model.families import model_for, other_messages
from bds_tool.formats.dob.model.tables import Message, Model, load_model, messages

__all__ = ["Message", "Model", "load_model", "messages", "model_for", "other_messages"]
