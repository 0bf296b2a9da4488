"""Do the scores predict? Every method on every labelled set, by a protocol that cannot peek."""
