"""A site as its operator describes it: `calotype.toml`, variables and flags read into one frozen value, and its folder.

`settings` holds every setting with its kind, default and help; `loading` reads them and says where each came from;
`folder` is where a site lives: its settings file, and the credentials that its programs share.
"""
