public import ArgumentParser
public import Attune
import Glibc

/// Which model, and which adapter on it.
struct ModelOptions: ParsableArguments {
    @Option(
        name: [.customShort("M"), .long],
        help: ArgumentHelp(
            "A model folder, or a hub name that is in $ATTUNE_HOME/models or the Hugging Face cache.", valueName: "ref")
    )
    var model: String?

    @Option(
        name: [.customShort("A"), .long],
        help: ArgumentHelp(
            "An adapter in the PEFT layout, a run folder of `attune train`, or a bridge.", valueName: "dir"))
    var adapter: String?

    /// The encoder that the flags name. Without `--model` the adapter names its base.
    func load(_ engine: EngineOptions, quiet: Bool) throws -> (encoder: TextEncoder, reference: String) {
        try Models.load(model: model, adapter: adapter, engine, quiet: quiet)
    }
}

/// How many of the machine's cores are used.
struct ThreadOptions: ParsableArguments {
    @Option(help: "Threads to compute with (default: all cores).")
    var threads: Int?

    func validate() throws {
        if let threads, threads < 1 { throw ValidationError("--threads is \(threads); it must be at least 1") }
    }

    func apply() {
        if let threads { ThreadPool.setDefaultWidth(threads) }
    }
}

/// How the encoder computes.
struct EngineOptions: ParsableArguments {
    @OptionGroup var threading: ThreadOptions

    @Option(
        help: ArgumentHelp(
            "Precision of the encoder: f32, bf16 or int8 (default: bf16 where the processor has it, int8 where a "
                + "calibration record of the model shows next to no loss, else f32)."))
    var precision: Precision?

    func apply() { threading.apply() }

    /// The precision that was asked for, or the one chosen for a model, which is said.
    func precision(for folder: ModelFolder, quiet: Bool) throws -> Precision {
        if let precision { return precision }
        let (chosen, reason) = try Precision.choice(for: folder)
        Console.note("precision \(chosen.rawValue): \(reason)", quiet: quiet)
        return chosen
    }
}

/// What is printed.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print the result as one JSON document.")
    var json = false

    @Flag(help: "No progress and no remarks.")
    var quiet = false
}

/// Whether a result may replace what stands under its name.
struct ForceOption: ParsableArguments {
    @Flag(help: "Replace what stands under the output's name.")
    var force = false

    /// Refuses outputs that are there already, before the work begins: nobody waits minutes for that. What writes an
    /// output is told of `force` and looks again, since something may appear in the meantime. A device or a pipe is
    /// written to, not replaced.
    func check(_ outputs: String?...) throws {
        guard !force else { return }
        for output in outputs.compactMap(\.self) where FileSystem.isFile(output) || FileSystem.isDirectory(output) {
            throw FilesError.alreadyExists(path: output)
        }
    }
}

/// Models and adapters by the names that the flags give them.
enum Models {
    static func load(
        model: String?, adapter: String?, _ engine: EngineOptions, quiet: Bool
    ) throws -> (encoder: TextEncoder, reference: String) {
        // A run that trained the model's own weights stands for its model.
        if let adapter, let tuned = ModelReference.modelOfRun(adapter) {
            return try load(model: tuned, adapter: nil, engine, quiet: quiet)
        }
        if let adapter, HeadFolder.isPresent(in: adapter) {
            return try load(head: adapter, model: model, engine, quiet: quiet)
        }
        let adapterFolder = try adapter.map { try AdapterFolder(path: $0) }
        guard let reference = model ?? adapterFolder?.configuration.baseModel else {
            throw ValidationError("name a model with -M, or an adapter that names its base with -A")
        }
        let folder = try ModelFolder(path: ModelReference.resolve(reference))
        let precision = try engine.precision(for: folder, quiet: quiet)
        let encoder =
            if let adapterFolder {
                try TextEncoder(model: folder, adapter: adapterFolder, precision: precision)
            } else {
                try TextEncoder(model: folder, precision: precision)
            }
        encoder.warnings.forEach(Console.warn)
        return (encoder, reference)
    }
}

// Options that take one of a library enum's names: the parser lists them in the help and where one is wrong.
extension AdapterCombination.Kind: ExpressibleByArgument {}
extension AdapterCombination.SignElection: ExpressibleByArgument {}
extension LearningRateSchedule.Shape: ExpressibleByArgument {}
extension MetricProfile: ExpressibleByArgument {}
extension MiningSettings.Sampling: ExpressibleByArgument {}
extension Precision: ExpressibleByArgument {}
extension TrainingSettings.Method: ExpressibleByArgument {}
extension TrainingSettings.Variant: ExpressibleByArgument {}
