"""The Rules language of Cloudflare: phases, fields, functions, expressions, actions; pure.

An expression is parsed (`parser`) to values (`syntax`), checked against the tables of fields and functions and
turned into closures once, at load (`compiler`); `expression.compile_filter` and `expression.compile_value` are the
doors. `ruleset.compile_rules` does so for the rules of a phase, with their actions (`actions`, `cache_settings`).
At request time only `Filter.matches` and `ValueExpression.evaluate` run.
"""
