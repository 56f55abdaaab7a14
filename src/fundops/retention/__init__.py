"""Domain: how long each class of data is kept, and the log of what was disposed of."""
