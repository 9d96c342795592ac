import ArgumentParser

/// Nearest neighbours.
@main
struct Ann: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ann", abstract: "Nearest neighbours: how fast they are found, and what an index goes through.",
        subcommands: [Race.self, Trials.self], defaultSubcommand: Race.self)
}
