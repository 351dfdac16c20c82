"""What waits in a store for delivery."""

from __future__ import annotations

from calotype.store.metadata import Transaction
from calotype.store.model import Event
from calotype.store.store import Store


async def waiting_events(store: Store) -> list[Event]:
    """All of them in the order in which they were announced."""

    def read(transaction: Transaction) -> list[Event]:
        events = [
            event for rule in transaction.rules_with_events() for event in transaction.events(*rule, 1 << 60, 1000)
        ]
        return sorted(events, key=lambda event: event.sequence)

    return await store.metadata.read(read)
