"""Live data to try feeds with: a simulated market, and this machine's real load. They know no server and no clock: whoever
runs them says what time it is and takes what they give to a topic."""
