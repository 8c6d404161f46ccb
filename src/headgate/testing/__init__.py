"""What tests stand on: doubles of what is outside, and a real server to start, ask and kill."""
