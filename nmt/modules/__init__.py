"""The network: attention, cells, encoder, decoders and the model they make. Imports torch and our settings alone."""
