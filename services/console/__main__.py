"""`python -m ordercast.services.console`: the pages for people."""

from ordercast.services.shared.quick_imports import quick_imports

with quick_imports():
    from ordercast.services.console.app import console_app
    from ordercast.services.console.settings import ConsoleSettings
    from ordercast.services.shared.process.exit_with_reason import exit_with_reason
    from ordercast.services.shared.serving.run_service import run_service


def main() -> None:
    with exit_with_reason("console"):
        run_service("console", ConsoleSettings, console_app)


if __name__ == "__main__":
    main()
