import Corpora
import Foundation
import Harness
import ModelFiles
import Synchronization
import Training
import VectorMath

/// What Attune reaches in one precision, measured in a process of its own: so memory is its own.
struct OwnTraining {
    let precision: Precision
    let pairsPerSecond: Double
    let tokensPerSecond: Double
    let peakMegabytes: Double
    let secondsPerStep: Double
    /// The share of each part in the time of the steps.
    let breakdown: [String: Double]

    private static let parts = [
        Breakdown.Part("products, attention's among them", "attune_product_", "tile_"),
        Breakdown.Part("gradients of the adapter", "attune_add_outer", "outer_"),
        Breakdown.Part("the rest of attention", "attune_attention", "softmax", "exponential", "add_transposed"),
        Breakdown.Part("GELU", "gelu"),
        Breakdown.Part("optimiser", "adamw"),
        Breakdown.Part("batches and masks", "FalseNegative", "GuideMask", "TokenizedData", "BatchSampler"),
        Breakdown.Part("loss", "attune_dot", "Loss"),
        Breakdown.Part(
            "normalisation, sums, conversions", "layer_norm", "normalize", "bfloat16", "float32", "attune_pack",
            "axpy", "attune_scale", "attune_sum"),
        Breakdown.Part("waiting for the other thread", "spin", "WorkerPool"),
    ]

    var fields: [String: Any] {
        [
            "precision": precision.rawValue, "pairs_per_s": pairsPerSecond, "tokens_per_s": tokensPerSecond,
            "peak_mb": peakMegabytes, "step_s": secondsPerStep, "breakdown": breakdown,
        ]
    }

    /// Measures here, in this process; the run goes into a folder that is not there yet.
    static func measure(
        _ settings: TrainingSettings, model: ModelFolder, tuples: [TrainingTuple], into path: String
    ) throws -> OwnTraining {
        let pace = Pace()
        let trainer = try Trainer(model: model, tuples: tuples, settings: settings)
        let breakdown = try Breakdown(parts) {
            _ = try trainer.train(into: path, observer: pace, reporting: .none)
        }
        let seconds = Timing.median(of: pace.measured.map(\.seconds))
        return OwnTraining(
            precision: trainer.precision, pairsPerSecond: Double(settings.batchSize) / seconds,
            tokensPerSecond: Timing.median(of: pace.measured.map(\.tokensPerSecond)),
            peakMegabytes: Harness.peakMegabytes(), secondsPerStep: seconds,
            breakdown: Dictionary(uniqueKeysWithValues: breakdown.shares.map { ($0.part, $0.share) }))
    }

    /// Measures in a process of its own, which gets the same arguments and the precision.
    static func measureApart(_ precision: Precision) throws -> OwnTraining {
        let fields = try Apart.run(CommandLine.arguments.dropFirst() + ["--run-one", precision.rawValue])
        return OwnTraining(
            precision: precision, pairsPerSecond: fields.number("pairs_per_s"),
            tokensPerSecond: fields.number("tokens_per_s"),
            peakMegabytes: fields.number("peak_mb"), secondsPerStep: fields.number("step_s"),
            breakdown: fields.numbers("breakdown"))
    }
}

/// Keeps what each step took.
private final class Pace: TrainingObserver, Sendable {
    private let steps = Mutex<[TrainingProgress]>([])

    /// The steps after the first two, which warm up.
    var measured: [TrainingProgress] { steps.withLock { Array($0.dropFirst(2)) } }

    func finished(_ progress: TrainingProgress) {
        steps.withLock { $0.append(progress) }
    }
}
