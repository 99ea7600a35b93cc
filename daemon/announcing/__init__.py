"""What the device says of itself: earcons, and phrases for when the service cannot be asked."""
