"""Jobs: work that goes on from its last finished stage, whatever happens to who does it."""
