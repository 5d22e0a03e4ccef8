"""What a pipeline did, said to people: what changed, who did it and where, to Slack and to others."""
