/// How far a code's estimate may be off before its vector is ruled out.
///
/// A code estimates the inner product of a query and a vector without bias; over random rotations the error has the
/// distribution of one coordinate of a random point on a sphere, whose deviation is known for each pair and whose tails lie below the
/// normal distribution's (Gao and Long, "RaBitQ", SIGMOD 2024, arXiv:2405.12497, of which the authors' constant of 1.9 would
/// lose three neighbours in a hundred that stand at the threshold).
enum CodeBound {
    /// How many deviations an estimate may be short of what the threshold asks for.
    static let deviations = 5.5

    /// The probability that a normal number lies more than `deviations` below its mean: that of missing a neighbour which is
    /// exactly as near as the threshold, and more than that of missing a nearer one. Of 100,000 neighbours 0.002 are missed.
    ///
    /// Measured at vectors' own scores, over 200,000 pairs each of random, clustered and sparse vectors: at 1 deviation 12.3 to
    /// 14.3 % are ruled out where the normal distribution says 15.9, at 2 deviations 1.5 to 1.8 of 2.3, at 3 0.07 to 0.08 of 0.13.
    static let missRate = 1.9e-8

    /// What roundings of float32 may change, in units of the squared lengths of the vectors that take part: those of the
    /// rotation, at most 60·2⁻²⁴, of the estimate, and of the score itself, a sum of `dimension` numbers in at least eight lanes.
    static func rounding(dimension: Int) -> Double { (Double(dimension) / 8 + 256) * 0x1p-24 }

    /// The squared lengths, in the unit of the codes, that the test is done with: its products neither overflow nor vanish.
    static let squares = 0x1p-40...0x1p40

    /// How much the square of a vector's length may differ from 1 where vectors have the length 1.
    static let unitSlack = 1e-5
}
