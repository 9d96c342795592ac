import ArgumentParser
import Attune

struct ModelCalibrate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calibrate",
        abstract: "Measure what bf16 and int8 cost a model, and keep the record beside it.",
        discussion: """
            Evaluates the model in every precision on a sample of your data: nDCG@10 where the data set has a corpus with \
            judgements, Spearman's correlation where it has scored pairs. Where no precision is asked for, int8 is chosen \
            when its largest loss on any calibrated data set is at most \(Precision.toleratedLoss) points.
            """)

    @Argument(help: "A model folder or a hub name.") var model: String
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("A data set like those that the model is to serve; may be repeated.", valueName: "folder"))
    var data: [String] = []
    @Option(help: "The split whose queries or pairs are measured.") var split = "dev"
    @Option(help: "At most so many queries of a data set.") var queries = 1000
    @Option(help: "About so many passages of a data set.") var passages = 5000
    @Option(help: "Tokens that a text is cut to (default: the model's limit).") var maxLength: Int?
    @OptionGroup var threading: ThreadOptions
    @OptionGroup var printing: OutputOptions

    func validate() throws {
        guard !data.isEmpty else { throw ValidationError("name at least one data set with -d") }
        guard queries > 0, passages > 0 else { throw ValidationError("--queries and --passages must be at least 1") }
    }

    func run() throws {
        threading.apply()
        let folder = try ModelFolder(path: ModelReference.resolve(model))
        let weights = try folder.weightsDigest().hex
        var record = try CalibrationRecord.read(of: folder) ?? CalibrationRecord(weights: weights)
        for path in data {
            let kind = try DataSet.open(path)
            var values: [String: Double] = [:]
            var (metric, count) = ("", 0)
            for precision in Precision.allCases {
                let encoder = try TextEncoder(model: folder, precision: precision)
                let result = try measure(encoder, on: kind, path: path)
                values[precision.rawValue] = result.value
                (metric, count) = (result.metric, result.count)
            }
            record.add(
                CalibrationRecord.Measurement(
                    data: FileSystem.absolutePath(of: path), split: split, metric: metric, count: count,
                    values: values))
        }
        try record.write(to: folder)
        report(record, choice: try Precision.choice(for: folder))
    }

    private func measure(
        _ encoder: TextEncoder, on kind: DataSetKind, path: String
    ) throws -> (metric: String, value: Double, count: Int) {
        let progress = Progress(
            "\(FileSystem.name(of: path)) \(encoder.precision.rawValue)", unit: "texts", isQuiet: printing.quiet)
        defer { progress.finish() }
        let report: (Int, Int) -> Void = { progress.update(done: $0, total: $1) }
        switch kind {
        case .retrieval(let set):
            let metric = RetrievalMetric(.ndcg, at: 10)
            let part = try set.sample(split: split, queryCount: queries, passageCount: passages)
            let result = try RetrievalEvaluator(part, metrics: [metric]).evaluate(
                encoder, split: split, maxLength: maxLength, progress: report)
            return (metric.name, result.means[metric.name] ?? 0, result.count)
        case .scoredPairs:
            let pairs = Array(try kind.scoredPairs(split: split, path: path).prefix(queries))
            let result = try ScoredPairEvaluator(pairs).evaluate(encoder, maxLength: maxLength, progress: report)
            return ("spearman", result.spearman, result.count)
        case .tuples, .classifiedPairs, .labelledTexts, .taughtTexts:
            throw CommandError(
                "\(path): calibrate needs a corpus with judgements, or scored pairs (sentence1, sentence2, score)")
        }
    }

    private func report(_ record: CalibrationRecord, choice: (precision: Precision, reason: String)) {
        if printing.json {
            var fields = record.jsonValue.objectValue ?? [:]
            fields["choice"] = .string(choice.precision.rawValue)
            Console.print(.object(fields))
            return
        }
        for measurement in record.measurements {
            Console.print("\(measurement.data), \(measurement.split): \(measurement.metric) of \(measurement.count)")
            for precision in Precision.allCases {
                guard let value = measurement.values[precision.rawValue] else { continue }
                let loss = measurement.loss(of: precision.rawValue) ?? 0
                Console.print(
                    "  " + Tables.pad(precision.rawValue, 8) + Console.fixed(value, 4)
                        + (precision == .f32 ? "" : "  loses \(Console.fixed(loss, 2)) points"))
            }
        }
        Console.print("chosen: \(choice.precision.rawValue) (\(choice.reason))")
    }
}
