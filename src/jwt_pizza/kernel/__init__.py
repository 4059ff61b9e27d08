"""What every part agrees on: time, money, refusals, messages. Imports nothing of ours."""
