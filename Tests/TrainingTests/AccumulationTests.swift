import Files
import TestSupport
import Testing
import VectorMath

@testable import Training

@Suite("Steps of several batches")
struct AccumulationTests {
    /// The same pairs in other micro-batches: products round differently.
    static let samePairs = Tolerance(absolute: 2e-5, relative: 1e-3)

    private func train(
        _ kind: LossSettings.Kind, batchSize: Int, accumulate: Int, steps: Int = 4, threads: Int? = nil
    ) throws -> (adapter: [UInt8], steps: [TrainingProgress]) {
        let trainer = try LossTrainingTests.trainer(kind) {
            $0.batchSize = batchSize
            $0.accumulate = accumulate
            $0.maxSteps = steps
            $0.precision = .f32
            $0.dropout = 0
        }
        let folder = try TemporaryFolder()
        let recorder = Recorder()
        let run = TrainingRun(path: folder.file("run"))
        _ = try ThreadPool.withWidth(threads ?? ThreadPool.availableCores) {
            try trainer.train(into: run.path, observer: recorder)
        }
        return (try run.tensors, recorder.steps)
    }

    @Test("give the gradient of one batch of all their rows, where rows do not depend on each other")
    func meanGradient() throws {
        let whole = try train(.cosine, batchSize: 20, accumulate: 1, steps: 1).steps[0]
        let parts = try train(.cosine, batchSize: 10, accumulate: 2, steps: 1).steps[0]
        #expect(Self.samePairs.accepts(parts.loss, whole.loss))
        #expect(Self.samePairs.accepts(parts.gradientNorm, whole.gradientNorm))
        #expect(parts.pairs == whole.pairs && parts.epoch == whole.epoch)
    }

    @Test("take fewer steps for the same epochs, and the same bits on any number of threads")
    func stepsAndThreads() throws {
        let trainer = try LossTrainingTests.trainer(.mnrl) {
            $0.batchSize = 4
            $0.accumulate = 3
            $0.maxSteps = nil
            $0.epochs = 2
        }
        let batches = 2 * trainer.initial.sampler.batchesPerEpoch
        #expect(trainer.totalSteps == (batches + 2) / 3)
        let (two, one) = (
            try train(.mnrl, batchSize: 4, accumulate: 3), try train(.mnrl, batchSize: 4, accumulate: 3, threads: 1)
        )
        #expect(two.adapter == one.adapter)
        #expect(two.adapter != (try train(.mnrl, batchSize: 4, accumulate: 1)).adapter)
    }

    @Test("go on after an interruption as if there had been none")
    func resumes() throws {
        let trainer = try LossTrainingTests.trainer(.mnrl) {
            $0.batchSize = 4
            $0.accumulate = 2
            $0.maxSteps = 5
        }
        let folder = try TemporaryFolder()
        let (whole, cut) = (TrainingRun(path: folder.file("whole")), TrainingRun(path: folder.file("cut")))
        _ = try trainer.train(into: whole.path)
        let recorder = Recorder()
        #expect(throws: TrainingError.self) {
            try trainer.train(into: cut.path, observer: recorder) { recorder.steps.count >= 2 }
        }
        _ = try trainer.train(into: cut.path, start: .resuming)
        #expect(try whole.tensors == cut.tensors)
    }

    @Test("say that they add no negatives, where a loss takes them from the batch")
    func remark() throws {
        let contrastive = try LossTrainingTests.trainer(.mnrl) { $0.accumulate = 2 }
        #expect(contrastive.warnings.contains { $0.contains("has the negatives of one") })
        let pairs = try LossTrainingTests.trainer(.cosine) { $0.accumulate = 2 }
        #expect(!pairs.warnings.contains { $0.contains("negatives") })
        #expect(throws: TrainingError.self) { try LossTrainingTests.trainer(.mnrl) { $0.accumulate = 0 } }
    }
}
