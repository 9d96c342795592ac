import ArgumentParser
import Attune

/// The tool `attune`: one file a subcommand under `Commands`, what they share under `Console`.
@main
struct AttuneTool: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attune",
        abstract: "Tune a text-embedding model to your own documents, prove that retrieval got better, and search.",
        discussion: """
            A day's work:
              attune data from-docs manual/ -o data
              attune train -M sentence-transformers/all-MiniLM-L6-v2 -d data -o run
              attune compare base run -d data
              attune index build index -A run -d data && attune search index "how do I …"
            """,
        version: attuneVersion,
        subcommands: [
            ModelCommand.self, DataCommand.self, TrainCommand.self, EvalCommand.self, CompareCommand.self,
            EmbedCommand.self, IndexCommand.self, SearchCommand.self, BridgeCommand.self, ExportHeadCommand.self,
        ])

    static func main() {
        Interruption.watch()
        do {
            try InstructionSet.validateEnvironment()
            let arguments = try ConfigurationFile.expand(Array(CommandLine.arguments.dropFirst()), of: Self.self)
            var command = try parseAsRoot(arguments)
            try command.run()
        } catch {
            Failure.exit(with: error)
        }
    }
}
