"""How long a password is: order_api holds new ones against it, and forms say it before one is typed."""

from typing import Final

# Characters. NIST SP 800-63B-4: where a password alone lets somebody in.
MIN_LENGTH: Final = 15
# No setting lets shorter ones through: enough where there is a second factor, such as of a proxy that logs people in.
LEAST_MIN_LENGTH: Final = 8
# Nor asks for longer ones: whoever has to type them writes them down.
MOST_MIN_LENGTH: Final = 64
# Beyond it nobody types, and hashing must stay cheap.
MAX_LENGTH: Final = 128
