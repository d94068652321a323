"""How Sphinx makes the documentation: ``tox run -e docs``."""

from __future__ import annotations

import re
from importlib.metadata import version as version_of
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

project = "meshconf"
author = "the meshconf contributors"
copyright = author  # noqa: A001 - Sphinx's word
version = release = version_of("meshconf")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

autodoc_default_options = {"members": True}
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints_format = "short"
napoleon_numpy_docstring = False
napoleon_use_ivar = True
python_maximum_signature_line_length = 60
python_use_unqualified_type_names = True

highlight_language = "none"
smartquotes = False  # quotes are shown as they are typed

html_theme = "furo"
html_title = "meshconf"
html_static_path = ["_static"]
html_css_files = ["meshconf.css"]
html_theme_options = {
    "source_repository": "https://github.com/meshconf/meshconf/",
    "source_branch": "main",
    "source_directory": "docs/",
}
html_copy_source = False
html_show_sphinx = False

# Types that are documented elsewhere, so that the build needs no network, ...
_OTHERS = (
    r"(annotated_types|attrs?|collections|contextlib|datetime|dt|enum|httpx|os|pathlib|pybreaker"
    r"|typing)\..+|LoggerProvider|MeterProvider|Metric"
)
# ... type variables and aliases, ...
_ALIASES = (
    r"(.*\.)?([CPT]|T_co|T_contra|Arguments|Failure|Kind|OnRestartFields|Path|Result|Severity"
    r"|StaminaArguments|TenacityArguments|UnknownEnv)"
)
# ... and those of the rooms inside, which users meet in no other way.
_INSIDE = (
    r"(.*\.)?(Address|Broken|Deprecation|Files|History|Model|Outcome|Plan|Rule|Setting|SourceText"
    r"|Stray|Variable|_Client)"
)
nitpick_ignore_regex = [("py:.*", f"{_OTHERS}|{_ALIASES}|{_INSIDE}")]


def setup(app: Sphinx) -> None:
    """Have types found that are documented elsewhere than in their module, and defaults shown."""
    app.connect("missing-reference", _found)
    app.connect("autodoc-process-signature", _with_defaults)


def _with_defaults(
    app: Sphinx,  # noqa: ARG001 - Sphinx calls it by position
    what: str,  # noqa: ARG001 - the same
    name: str,  # noqa: ARG001 - the same
    documented: Any,
    options: object,  # noqa: ARG001 - the same
    signature: str | None,
    returns: str | None,
) -> tuple[str | None, str | None]:
    """Show defaults of attrs classes as values, not as what attrs writes into `__init__`."""

    def default(found: re.Match[str]) -> str:
        return repr(attrs.fields_dict(documented)[found[1]].default)

    return signature and re.sub(r"attr_dict\['(\w+)'\]\.default", default, signature), returns


def _found(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement
) -> nodes.Element | None:
    """Find what is documented by the last part of its name, if there is only one such."""
    if node.get("refdomain") != "py":
        return None
    python = env.domains.python_domain
    name = str(node["reftarget"]).rpartition(".")[2]
    found = [one for one in python.objects if one.rpartition(".")[2] == name]
    public = f"meshconf.{name}"
    if len(found) > 1 and public in found:
        found = [public]
    if len(found) != 1:
        return None
    return python.resolve_xref(env, node["refdoc"], app.builder, "obj", found[0], node, content)
