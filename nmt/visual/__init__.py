"""Pictures of alignments: arrays and labels in, a matplotlib figure (`heatmap`) or HTML (`html`) out."""
