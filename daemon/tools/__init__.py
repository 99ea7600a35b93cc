"""What the model can have done: declared from typed functions, checked, called beside the conversation."""

from .tool import ToolError, tool

__all__ = ["ToolError", "tool"]
