#if canImport(Glibc)
    internal import Glibc
#endif

/// How the learning rate moves over a run: a linear warm-up, then a shape.
///
/// The factors are those of transformers' `get_linear_schedule_with_warmup`, `get_cosine_schedule_with_warmup` and
/// `get_constant_schedule_with_warmup`, so that a recipe keeps its meaning when it moves from one tool to the other.
/// With a warm-up, the very first step therefore has the factor 0.
public struct LearningRateSchedule: Sendable, Equatable {
    /// What follows the warm-up.
    public enum Shape: String, Sendable, Codable, CaseIterable {
        /// Straight down to zero at the last step.
        case linear
        /// Half a cosine wave, down to zero at the last step.
        case cosine
        /// Stays where the warm-up ended.
        case constant
    }

    /// What follows the warm-up.
    public let shape: Shape
    /// Steps over which the factor rises from 0 to 1.
    public let warmupSteps: Int
    /// Steps of the whole run.
    public let totalSteps: Int

    /// A schedule over `totalSteps` steps, of which `warmupSteps` are the warm-up.
    public init(_ shape: Shape, totalSteps: Int, warmupSteps: Int) {
        precondition(totalSteps > 0, "a schedule needs at least one step")
        precondition(warmupSteps >= 0, "a warm-up cannot have \(warmupSteps) steps")
        self.shape = shape
        self.totalSteps = totalSteps
        self.warmupSteps = warmupSteps
    }

    /// A schedule whose warm-up is a fraction of the run, rounded up to whole steps.
    public init(_ shape: Shape, totalSteps: Int, warmupFraction: Double) {
        precondition((0...1).contains(warmupFraction), "a warm-up is a fraction of the run, from 0 to 1")
        self.init(
            shape, totalSteps: totalSteps, warmupSteps: Int((Double(totalSteps) * warmupFraction).rounded(.up)))
    }

    /// What the learning rate is multiplied by in a step, from 0 to 1.
    ///
    /// - Parameter step: the number of steps already taken, so 0 for the first.
    public func factor(afterSteps step: Int) -> Double {
        precondition(step >= 0, "steps are counted from 0")
        if step < warmupSteps {
            return Double(step) / Double(max(1, warmupSteps))
        }
        let remaining = Double(max(1, totalSteps - warmupSteps))
        switch shape {
        case .constant:
            return 1
        case .linear:
            return max(0, Double(totalSteps - step) / remaining)
        case .cosine:
            let progress = Double(step - warmupSteps) / remaining
            return max(0, 0.5 * (1 + cos(Double.pi * progress)))
        }
    }
}
