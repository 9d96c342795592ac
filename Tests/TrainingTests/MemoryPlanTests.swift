import Files
import TestSupport
import Testing

@testable import Training

@Suite("The memory of a run")
struct MemoryPlanTests {
    private func plan(_ change: (inout TrainingSettings) -> Void) throws -> MemoryPlan {
        var settings = Tiny.settings
        settings.microBatchTokens = 16
        settings.maxSteps = 2
        change(&settings)
        let folder = try TemporaryFolder()
        let recorder = Recorder()
        var stepsBefore: Int?
        _ = try Tiny.trainer(settings).train(
            into: folder.file("run"), observer: recorder,
            isCancelled: {
                if !recorder.memory.isEmpty, stepsBefore == nil { stepsBefore = recorder.steps.count }
                return false
            })
        #expect(recorder.memory.count == 1)
        #expect(stepsBefore == 0)
        let plan = try #require(recorder.memory.first)
        #expect(try TrainingRun(path: folder.file("run")).record()["memory"] == plan.jsonValue)
        return plan
    }

    @Test("is stated before the first step", arguments: [TrainingSettings.Method.lora, .full, .lastLayers])
    func stated(method: TrainingSettings.Method) throws {
        let plan = try plan { $0.method = method }
        #expect(plan.activations > 0 && plan.activationsAtOnce == plan.activations && !plan.computesTwice)
        #expect(plan.trained > 0 && (plan.weights > 0) == (method == .lora))
        #expect(plan.budget == Tiny.settings.memoryBudget)
    }

    @Test("is that of one part of a batch where the budget does not hold all of it")
    func inParts() throws {
        let (all, parts) = (try plan { _ in }, try plan { $0.memoryBudget = 0 })
        #expect(parts.computesTwice)
        #expect(parts.activations == all.activations)
        #expect(parts.activationsAtOnce < all.activations)
    }
}
