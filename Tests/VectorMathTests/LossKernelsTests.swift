import Testing

@testable import VectorMath

@Suite("Kernels of losses")
struct LossKernelsTests {
    @Test("give absolute differences and their signs, NaN and all")
    func differences() {
        let (a, b): ([Float], [Float]) = ([1, -2, 0, .nan, 3], [2, -4, 0, 1, .infinity])
        var (absolute, signs) = ([Float](repeating: 9, count: 5), [Float](repeating: 9, count: 5))
        LossKernels.absoluteDifferences(a, b, into: &absolute, count: 5)
        LossKernels.differenceSigns(a, b, into: &signs, count: 5)
        #expect(absolute[0...2] == [1, 2, 0] && absolute[3].isNaN && absolute[4] == .infinity)
        #expect(signs == [-1, 1, 0, 0, -1])
    }

    @Test(
        "find the first largest value, and NaN before all",
        arguments: [
            ([1], 0), ([1, 3, 3, 2], 1), ([-.infinity, -5], 1), ([.nan, 5], 0), ([1, .nan, 9], 1),
            ([2, 7, .infinity], 2),
        ] as [([Float], Int)])
    func largest(values: [Float], place: Int) {
        #expect(LossKernels.largest(values, count: values.count) == place)
    }

    @Test("find the places above a limit")
    func places() {
        let values: [Float] = [0.5, 1, .nan, 2, 1, -3, 1.5]
        #expect(LossKernels.places(above: 1, in: values, count: values.count) == [3, 6])
        #expect(LossKernels.places(above: -9, in: values, count: values.count) == [0, 1, 3, 4, 5, 6])
        #expect(LossKernels.places(above: 9, in: values, count: values.count) == [])
        #expect(LossKernels.places(above: 0, in: values, count: 0) == [])
    }

    @Test("add up hinges against other labels alone, and count them where they bear")
    func hinges() {
        var weights = [Float](repeating: 10, count: 5)
        var sum = 0.5
        let count = LossKernels.hinges(
            bound: 1, distances: [0.25, 0.5, 2, 1, 0], labels: [1, 0, 1, 1, 2], label: 0, count: 5, weights: &weights,
            sum: &sum)
        #expect(count == 2 && sum == 0.5 + 0.75 + 1)
        #expect(weights == [9, 10, 10, 10, 9])
    }
}
