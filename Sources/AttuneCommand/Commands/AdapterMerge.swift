import ArgumentParser
import Attune

struct AdapterMerge: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge", abstract: "Write the base model with the adapter added into its weights.",
        discussion: """
            The result is a sentence-transformers folder: the base's with new weights, every other file as it is. The base \
            itself is left alone, so that unmerging is to use it again; `attune adapter unmerge` proves that nothing is lost.
            """)

    @Argument(help: ArgumentHelp("The adapter.", valueName: "dir")) var adapter: String
    @OptionGroup var base: BaseOption
    @Option(help: "How much of the adapter: 0 is the base, 1 the adapter as it is.") var strength: Float = 1
    @OptionGroup var threading: ThreadOptions
    @OptionGroup var result: ResultOptions

    func run() throws {
        threading.apply()
        try result.check()
        let adapter = try LowRankAdapter(path: adapter)
        let folder = try base.verifiedFolder(of: adapter, at: self.adapter)
        let merged = try MergedModel(base: folder, adapter: adapter, strength: strength)
        try merged.write(to: result.output, force: result.force.force)
        result.print(
            [
                "base": .string(folder.path), "adapter": .string(self.adapter), "strength": .number(Double(strength)),
                "tensors": .integer(Int64(merged.tensors.count)),
            ], line: "\(folder.path) with \(merged.tensors.count) tensors changed by \(self.adapter)")
    }
}

struct AdapterUnmerge: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unmerge", abstract: "Prove that a merged model is its base and the adapter and nothing else.",
        discussion: """
            Subtracting an adapter gives the base up to rounding. The base itself is still there: its weights are read \
            again, merged again and held against the merged model, every tensor bit for bit; where all are equal, the \
            model without the adapter is the base, bit for bit, and with -o it is written. Exits with 2 where they differ; \
            a difference within rounding, of a model merged with another instruction set, is said and passes.
            """)

    @Argument(help: ArgumentHelp("The merged model's folder.", valueName: "merged")) var merged: String
    @Option(name: [.customShort("A"), .long], help: ArgumentHelp("The adapter that was merged.", valueName: "dir"))
    var adapter: String
    @OptionGroup var base: BaseOption
    @Option(help: "The strength that was merged with.") var strength: Float = 1
    @Option(name: .shortAndLong, help: ArgumentHelp("Write the model without the adapter.", valueName: "out"))
    var output: String?
    @OptionGroup var threading: ThreadOptions
    @OptionGroup var force: ForceOption
    @OptionGroup var printing: OutputOptions

    func run() throws {
        threading.apply()
        try force.check(output)
        let adapter = try LowRankAdapter(path: adapter)
        let folder = try base.verifiedFolder(of: adapter, at: self.adapter)
        let again = try MergedModel(base: folder, adapter: adapter, strength: strength)
        let mergedFolder = try ModelFolder(path: merged)
        let verification = try again.verify(mergedFolder)
        let passes = verification.isExact || verification.isWithinRounding
        if passes, let output {
            try again.writeUnmerged(to: output, like: mergedFolder, force: force.force)
        }
        if printing.json {
            Console.print([
                "merged": .string(merged), "base": .string(folder.path), "exact": .bool(verification.isExact),
                "within_rounding": .bool(verification.isWithinRounding),
                "tensors": .integer(Int64(verification.tensors)),
                "different": .array(verification.different.map { .string($0) }),
                "largest_difference": verification.largestDifference.isFinite
                    ? .number(verification.largestDifference) : .null,
                "path": passes ? output.map { .string($0) } ?? .null : .null,
            ])
        } else {
            Console.print(line(verification, base: folder.path))
        }
        if !passes { throw Failure.no }
    }

    private func line(_ verification: MergeVerification, base: String) -> String {
        if verification.isExact {
            return "\(merged) without \(adapter) is \(base): all \(verification.tensors) tensors, bit for bit"
        }
        let names =
            verification.different.prefix(3).joined(separator: ", ") + (verification.different.count > 3 ? ", …" : "")
        let difference = "by at most \(verification.largestDifference): \(names)"
        return verification.isWithinRounding
            ? "\(merged) without \(adapter) is \(base), merged with other rounding: \(verification.different.count) of "
                + "\(verification.tensors) tensors differ \(difference)"
            : "\(merged) is not \(base) with \(adapter): \(verification.different.count) of \(verification.tensors) tensors "
                + "differ \(difference)"
    }
}
