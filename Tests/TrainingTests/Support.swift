import Corpora
import Files
import LowRank
import ModelFiles
import TestSupport
import Testing
import VectorMath

@testable import Training

/// The tiny BERT of the fixtures, and a small data set in its vocabulary.
enum Tiny {
    static let modelPath = SharedData.tinyBERT + "/model"

    static func model() throws -> ModelFolder { try ModelFolder(path: modelPath) }

    /// 22 pairs: repeated anchors, a repeated positive, hard negatives on some.
    static let tuples: [TrainingTuple] = {
        let subjects = ["cat", "dog", "bank", "card", "money", "model", "vector", "search", "password", "mat"]
        let verbs = ["sat", "run", "train", "reset", "is fast", "is slow", "is happy", "is new", "is the york", "do"]
        var tuples: [TrainingTuple] = []
        for (index, subject) in subjects.enumerated() {
            let verb = verbs[index]
            tuples.append(
                TrainingTuple(
                    anchor: "where is my \(subject)?", positive: "the \(subject) \(verb) in the \(verb).",
                    negatives: index % 3 == 0 ? ["a \(subjects[(index + 1) % 10]) is slow"] : [],
                    anchorID: "q\(index)", positiveID: "d\(index)"))
            tuples.append(
                TrainingTuple(
                    anchor: "how do i \(verb) \(index)", positive: "to \(verb), \(subject) \(subject) !",
                    anchorID: "h\(index)", positiveID: "e\(index)"))
        }
        tuples.append(TrainingTuple(anchor: "where is my cat?", positive: "the cat is on the mat"))
        tuples.append(TrainingTuple(anchor: "is my dog happy", positive: "The cat sat in the  sat."))
        return tuples
    }()

    /// Settings of a run of three short epochs with all moving parts: 9 steps.
    static var settings: TrainingSettings {
        var settings = TrainingSettings()
        settings.rank = 4
        settings.alpha = 8
        settings.learningRate = 1e-2
        settings.epochs = 3
        settings.batchSize = 8
        settings.microBatchTokens = 40
        settings.seed = 7
        settings.checkpointEvery = 2
        return settings
    }

    /// The same in float32: what is compared with other sums of the same numbers.
    static func exactTrainer() throws -> Trainer {
        var settings = settings
        settings.precision = .f32
        return try trainer(settings)
    }

    static func trainer(
        _ settings: TrainingSettings = settings, tuples: [TrainingTuple] = tuples, loss: (any EmbeddingLoss)? = nil
    ) throws -> Trainer {
        try Trainer(
            model: try model(), baseName: "example/tiny-bert", tuples: tuples, dataName: "tiny pairs",
            settings: settings, loss: loss)
    }
}

extension Trainer {
    /// The data of a run with one data set.
    var data: TokenizedData { sets[0] }
}

extension TrainingRun {
    /// The bytes of the adapter.
    var tensors: [UInt8] { get throws { try readFile(tensorsPath) } }

    /// The lines of the metrics, without what depends on the time.
    var metrics: [[String: JSONValue]] {
        get throws {
            let lines = String(decoding: try readFile(metricsPath), as: UTF8.self).split(separator: "\n")
            return try lines.map { line in
                let value = try JSONValue.parse(Array(line.utf8), path: metricsPath)
                return (value.objectValue ?? [:]).filter {
                    !["seconds", "evaluation_seconds", "pairs_per_s", "tokens_per_s"].contains($0.key)
                }
            }
        }
    }
}

/// An observer that remembers what it was told, and can do something at a step.
final class Recorder: TrainingObserver {
    var memory: [MemoryPlan] = []
    var steps: [TrainingProgress] = []
    var evaluations: [Evaluation] = []
    var warnings: [String] = []
    var atStep: (Int) -> Void = { _ in }

    func planned(_ memory: MemoryPlan) { self.memory.append(memory) }

    func finished(_ progress: TrainingProgress) {
        steps.append(progress)
        atStep(progress.step)
    }

    func evaluated(_ evaluation: Evaluation, isBest: Bool) { evaluations.append(evaluation) }

    func warned(_ message: String) { warnings.append(message) }
}

/// The error of a run that must fail, as text that a user sees; nil where it did not fail.
func failure(_ body: () throws -> Void) -> TrainingError? {
    do {
        try body()
        return nil
    } catch {
        return error as? TrainingError
    }
}
