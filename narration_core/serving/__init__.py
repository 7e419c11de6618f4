"""What every HTTP service of this project shares: addresses, tokens, guards, connections, streams, OpenAPI.

Import the modules that you need; those that need aiohttp say so.
"""
