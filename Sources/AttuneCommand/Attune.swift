import ArgumentParser
import Attune

@main
struct AttuneTool: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "attune", version: attuneVersion)
}
