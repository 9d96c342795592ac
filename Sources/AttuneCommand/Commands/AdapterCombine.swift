import ArgumentParser
import Attune

struct AdapterCombine: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "combine", abstract: "Make one adapter of several.",
        discussion: """
            The types are those of PEFT and give its results. `cat` is exact, at the sum of the ranks; `svd` cuts the exact \
            sum back to a rank. `linear`, `ties`, `dare_linear`, `dare_ties` and `magnitude_prune` work on the factors, want \
            equal ranks and only approximate; their `_svd` forms work on the products. Those that prune need a density.

            With `--search` the weights are found instead of given: the best on data sets of yours, within what a canary set \
            may lose. Exits with 2, and writes nothing, where no combination is better than the base.
            """)

    @Argument(help: ArgumentHelp("The adapters.", valueName: "dir")) var adapters: [String]
    @Option(help: "A weight for each adapter, separated by commas (default: equal ones that add up to 1).")
    var weights: Weights?
    @Option(help: "How they are combined.") var type = AdapterCombination.Kind.svd
    @Option(help: "The rank of the result, for the svd types (default: the largest of the adapters').") var rank: Int?
    @Option(help: "The share of the values that pruning keeps, above 0 and at most 1.") var density: Double?
    @Option(help: "How ties elects a sign.") var signs = AdapterCombination.SignElection.total
    @Option(help: "Decides what dare drops.") var seed: UInt64 = 0
    @OptionGroup(title: "Search") var flags: SearchFlags
    @OptionGroup var base: BaseOption
    @OptionGroup var engine: EngineOptions
    @OptionGroup var result: ResultOptions

    struct Weights: ExpressibleByArgument {
        let values: [Double]

        init?(argument: String) {
            let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
            values = parts.compactMap { Double($0) }
            guard values.count == parts.count, values.allSatisfy(\.isFinite) else { return nil }
        }
    }

    func validate() throws {
        if let weights, weights.values.count != adapters.count {
            throw ValidationError("--weights has \(weights.values.count) numbers for \(adapters.count) adapters")
        }
        if type.prunes, density == nil { throw ValidationError("--type \(type.rawValue) needs --density") }
        if !type.prunes, density != nil { throw ValidationError("--type \(type.rawValue) takes no --density") }
        if let density, !(density > 0 && density <= 1) {
            throw ValidationError("--density is \(density); it must be above 0 and at most 1")
        }
        if let rank, rank < 1 { throw ValidationError("--rank is \(rank); it must be at least 1") }
        if rank != nil, !type.worksOnProducts { throw ValidationError("--type \(type.rawValue) takes no --rank") }
        try validateSearch()
    }

    private func validateSearch() throws {
        guard flags.search else {
            if base.model != nil { throw ValidationError("--model needs --search") }
            if engine.precision != nil { throw ValidationError("--precision needs --search") }
            return
        }
        if weights != nil { throw ValidationError("--search finds the weights: it does not go with --weights") }
        if ![.cat, .svd].contains(type) {
            throw ValidationError("--search works with --type cat and svd, not with \(type.rawValue)")
        }
    }

    func run() throws {
        engine.apply()
        try result.check()
        let loaded = try adapters.map { try LowRankAdapter(path: $0) }
        Console.warnOfDifferentBases(loaded)
        if flags.search { return try runSearch(among: loaded) }
        let weights = weights?.values ?? loaded.map { _ in 1 / Double(loaded.count) }
        let combined = try LowRankAdapter(
            combining: zip(loaded, weights).map { (adapter: $0, weight: $1) },
            by: AdapterCombination(type, rank: rank, density: density, signs: signs, mask: .seed(seed)))
        try combined.write(to: result.output, force: result.force.force)
        result.print(
            combined.figures.merging(
                ["type": .string(type.rawValue), "weights": .array(weights.map { .number($0) })]
            ) { $1 }, line: "\(type.rawValue) of \(loaded.count) adapters, \(combined.summary)")
    }
}
