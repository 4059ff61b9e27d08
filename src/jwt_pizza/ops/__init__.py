"""Operations: what the people who keep the shop running look at. A process of its own."""
