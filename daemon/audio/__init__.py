"""From microphone to gate and from answer to loudspeaker."""
