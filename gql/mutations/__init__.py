"""What can be written: a module for each noun. Who may is decided in `graphsvc.permissions`."""
