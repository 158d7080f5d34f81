"""What people may set, a file for each verb. Each knob is stated once: default, range, unit and help."""
