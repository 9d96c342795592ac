import ArgumentParser
import Attune

struct AdapterCompress: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compress", abstract: "Write an adapter of lower rank, and say what that loses.",
        discussion: """
            The change of each layer becomes the nearest one of lower rank. The error is the norm of what is left out \
            (Frobenius), as a part of the norm of the change.
            """)

    @Argument(help: ArgumentHelp("The adapter.", valueName: "dir")) var adapter: String
    @Option(help: "The rank to keep, at most.") var rank: Int?
    @Option(help: "The share of the squared singular values to keep, layer by layer, such as 0.99.") var energy: Double?
    @OptionGroup var threading: ThreadOptions
    @OptionGroup var result: ResultOptions

    func validate() throws {
        if (rank == nil) == (energy == nil) { throw ValidationError("name either --rank or --energy") }
        if let rank, rank < 1 { throw ValidationError("--rank is \(rank); it must be at least 1") }
        if let energy, !(energy > 0 && energy <= 1) {
            throw ValidationError("--energy is \(energy); it must be above 0 and at most 1")
        }
    }

    func run() throws {
        threading.apply()
        try result.check()
        let adapter = try LowRankAdapter(path: adapter)
        let compression = try adapter.compressed(to: rank.map { .rank($0) } ?? .energy(energy ?? 1))
        try compression.adapter.write(to: result.output, force: result.force.force)
        if !result.printing.json { printTable(compression) }
        result.print(
            compression.adapter.figures.merging([
                "parameters_before": .integer(Int64(adapter.parameterCount)), "error": .number(compression.error),
                "relative_error": .number(compression.relativeError),
                "layers": .array(
                    compression.modules.map { module in
                        [
                            "name": .string(module.name), "rank_before": .integer(Int64(module.rankBefore)),
                            "rank": .integer(Int64(module.rankAfter)), "norm": .number(module.norm),
                            "error": .number(module.error), "relative_error": .number(module.relativeError),
                        ]
                    }),
            ]) { $1 },
            line: "\(compression.adapter.summary) of \(adapter.parameterCount), "
                + "an error of \(Console.fixed(100 * compression.relativeError, 2)) %")
    }

    private func printTable(_ compression: AdapterCompression) {
        let width = (compression.modules.map(\.name.count).max() ?? 0) + 2
        Console.print(Tables.pad("layer", width) + Tables.pad("rank", 14) + "error")
        for module in compression.modules {
            Console.print(
                Tables.pad(module.name, width) + Tables.pad("\(module.rankBefore) -> \(module.rankAfter)", 14)
                    + Console.fixed(100 * module.relativeError, 2) + " %")
        }
    }
}
