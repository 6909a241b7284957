"""What actions have in common: the places in their texts, and how they speak to the systems they act on."""
