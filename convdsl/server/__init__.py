"""The language server (`convdsl lsp`): what `check`, `explain` and `fmt` know, told to an editor while a program is typed.

Nothing of the language stands here: `places.py` turns offsets into an editor's lines and units, `answers.py` what is known into
the protocol's words, and `server.py` says which question is answered by what. The protocol itself is pygls'.
"""
