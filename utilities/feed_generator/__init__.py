"""Generated events of the feeds beside the main one: people who register, buy, click and walk, and sensors."""
