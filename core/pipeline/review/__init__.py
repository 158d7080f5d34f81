"""What Live Review asks for: playable copies, inference ahead of the player, hard examples."""
