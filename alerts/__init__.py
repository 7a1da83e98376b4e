"""Events become incidents, and incidents become messages that someone gets, once and with the fix."""
