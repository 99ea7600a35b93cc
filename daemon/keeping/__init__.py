"""What survives a restart, and the fuses against cost, which must."""
