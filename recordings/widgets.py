"""Fields of the library's filters, as HTML.

The elements are Django's, but written here and not by its templates: one per field, per attribute
and per option, they took longer than the table of calls.
"""

from django import forms
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join


class _InputElement:
    """A mixin for widgets that are a single `input` element."""

    def render(self, name, value, attrs=None, renderer=None) -> str:
        widget = self.get_context(name, value, attrs)["widget"]
        facts = {"type": self.input_type, "name": name, "value": widget["value"]}
        return format_html("<input{}>", flatatt(facts | widget["attrs"]))


class SearchInput(_InputElement, forms.TextInput):
    input_type = "search"


class NumberInput(_InputElement, forms.NumberInput):
    pass


class DateInput(_InputElement, forms.DateInput):
    input_type = "date"


class Select(forms.Select):
    """One choice of a list without groups."""

    def render(self, name, value, attrs=None, renderer=None) -> str:
        chosen = self.format_value(value)
        options = format_html_join(
            "",
            "<option{}>{}</option>",
            (
                (flatatt({"value": word, "selected": str(word) in chosen}), label)
                for word, label in self.choices
            ),
        )
        own = self.build_attrs({"name": name, **self.attrs}, attrs)
        return format_html("<select{}>{}</select>", flatatt(own), options)
