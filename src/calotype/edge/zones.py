"""Which zone answers for a host: one configuration with the rules of its zones compiled, replaced as a whole."""

from __future__ import annotations

from calotype.cache.policy.settings import Mode
from calotype.edge.configuration import Configuration, ZoneConfiguration
from calotype.edge.error_pages import unknown_host
from calotype.edge.origin_request import OriginAddress, origin_address
from calotype.edge.phases import Forward, ZoneRules

FRONT_ZONE = "front"


class Zones:
    """The zones of one configuration generation. Compiling raises RuleError, which leaves the old one in force."""

    def __init__(self, configuration: Configuration, mode: Mode) -> None:
        self.generation = configuration.generation
        self._configuration = configuration
        self._rules = {zone.id: ZoneRules(zone, mode) for zone in configuration.zones}
        self._front: OriginAddress | None = None

    @classmethod
    def of_front(cls, address: OriginAddress, mode: Mode) -> Zones:
        """One catch-all zone without rules before one origin: `calotype edge --front`."""
        zone = ZoneConfiguration(id=FRONT_ZONE, name=FRONT_ZONE, catch_all=True)
        zones = cls(Configuration(generation=1, account_id=FRONT_ZONE, zones=(zone,)), mode)
        zones._front = address
        return zones

    def find(self, host: str) -> ZoneRules:
        """The rules of the zone that owns the lower-case host, or of the catch-all zone; raises EdgeError."""
        zone = self._configuration.zone_for_host(host)
        if zone is None:
            raise unknown_host(host)
        return self._rules[zone.id]

    def origin_address(self, rules: ZoneRules, forward: Forward) -> OriginAddress:
        return self._front if self._front is not None else origin_address(rules.zone, forward)
