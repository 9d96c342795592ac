import ArgumentParser
import Attune

struct EmbedCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "embed", abstract: "Turn texts into vectors: a text a line, or JSON lines with \"text\".")

    @OptionGroup var model: ModelOptions
    @Option(name: .shortAndLong, help: ArgumentHelp("Texts: a file, .jsonl, or - for stdin.", valueName: "file"))
    var input: String
    @Option(
        name: .shortAndLong, help: ArgumentHelp("Vectors: .npy, .fvecs, or - for .npy on stdout.", valueName: "file"))
    var output: String
    @Option(help: "The model's prompt of this name before every text.") var prompt: String?
    @Flag(help: "Texts are queries or documents: the model's prompt for them goes before each.") var role: Role?
    @Option(help: "Tokens that a text is cut to (default: the model's limit).") var maxLength: Int?
    @OptionGroup var engine: EngineOptions
    @OptionGroup var force: ForceOption
    @OptionGroup var printing: OutputOptions

    enum Role: String, EnumerableFlag {
        case query, document
    }

    func validate() throws {
        if prompt != nil && role != nil { throw ValidationError("--prompt and --\(role!.rawValue) exclude each other") }
        guard output == "-" || VectorOutput.Format(path: output) != nil else {
            throw ValidationError("--output is \(output); it must end in .npy or .fvecs, or be -")
        }
    }

    func run() throws {
        engine.apply()
        if output != "-" { try force.check(output, VectorOutput.cardPath(for: output)) }
        let encoder = try model.load(engine, quiet: printing.quiet).encoder
        let texts = try TextInput.read(input).map(\.text)
        let progress = Progress("embed", unit: "texts", isQuiet: printing.quiet)
        let report: (Int, Int) -> Void = { progress.update(done: $0, total: $1) }
        let vectors =
            switch role {
            case .query: try encoder.encodeQueries(texts, maxLength: maxLength, progress: report)
            case .document: try encoder.encodeDocuments(texts, maxLength: maxLength, progress: report)
            case nil: try encoder.encode(texts, prompt: prompt, maxLength: maxLength, progress: report)
            }
        progress.finish()
        try VectorOutput.write(vectors, to: output, encoder: encoder, force: force.force)
        if printing.json && output != "-" {
            Console.print([
                "texts": .integer(Int64(vectors.rows)), "dimension": .integer(Int64(vectors.columns)),
                "space": .string(encoder.space.digest), "output": .string(output),
            ])
        }
    }
}
