import Files
import TestSupport
import Testing
import VectorMath

@testable import LowRank

@Suite("Closed forms")
struct ClosedFormTests {
    /// Both sides compute in double precision; what comes out is rounded to float32.
    static let recorded = Tolerance(absolute: 2e-6, relative: 2e-6)
    /// Whitening divides by the root of the smallest variance.
    static let whitened = Tolerance(absolute: 1e-5, relative: 1e-5)

    let file: RecordedHeads

    init() throws { file = try RecordedHeads() }

    private func compare(_ map: AffineMap, _ key: String, within tolerance: Tolerance = recorded) {
        let expected = file.json[key]
        #expect(
            difference(map.weight.elements(), file.matrix(expected?["weight"]).elements(), within: tolerance) == nil)
        if let bias = expected?["bias"] {
            #expect(difference(map.bias, file.numbers(bias), within: tolerance) == nil)
        }
        #expect(map.weight.rows > 0)
    }

    @Test("ridge regression is numpy's, with an intercept, without, and drawn towards the identity")
    func ridge() throws {
        let (x, y, z) = (file.matrix("x"), file.matrix("y"), file.matrix("z"))
        compare(try RidgeRegression(from: x.view, to: y.view, penalty: 0.5).map, "ridge")
        compare(
            try RidgeRegression(from: x.view, to: y.view, penalty: 2, intercept: false).map, "ridge without intercept")
        compare(
            try RidgeRegression(from: x.view, to: z.view, penalty: 30, towards: .identity).map,
            "ridge towards the identity")
    }

    @Test("reduced-rank regression is numpy's, on its own and around the identity")
    func reducedRank() throws {
        let (x, y, z) = (file.matrix("x"), file.matrix("y"), file.matrix("z"))
        let map = try ReducedRankRegression(from: x.view, to: y.view, rank: 2, penalty: 0.5)
        compare(map.map, "reduced")
        #expect(map.rank == 2 && map.base == nil)
        compare(
            try ReducedRankRegression(
                from: x.view, to: z.view, rank: 3, penalty: 1.5, around: AffineMap.identity(6).weight
            ).map, "reduced around the identity")
    }

    @Test("Procrustes is numpy's, between equal widths and to fewer columns")
    func procrustes() throws {
        let (x, y, z) = (file.matrix("x"), file.matrix("y"), file.matrix("z"))
        let square = try OrthogonalProcrustes(from: x.view, to: z.view)
        compare(square.map, "procrustes")
        #expect(
            difference(
                square.singularValues, file.numbers(file.json["procrustes"]?["singular"]), within: Self.recorded)
                == nil)
        compare(try OrthogonalProcrustes(from: x.view, to: y.view).map, "procrustes to fewer")
    }

    @Test("whitening is numpy's, with and without shrinkage and to fewer dimensions")
    func whitening() throws {
        let x = file.matrix("x")
        compare(try Whitening(of: x.view, .pca).map, "pca", within: Self.whitened)
        let four = try Whitening(of: x.view, .pca, shrinkage: 0.1, dimensions: 4)
        compare(four.map, "pca of four", within: Self.whitened)
        #expect(
            difference(four.variances, file.numbers(file.json["pca of four"]?["variances"]), within: Self.recorded)
                == nil)
        compare(try Whitening(of: x.view, .zca).map, "zca", within: Self.whitened)
        compare(try Whitening(of: x.view, .zca, shrinkage: 0.3).map, "zca shrunk", within: Self.whitened)
    }

    // MARK: Properties

    @Test("no small change of a ridge regression's weight makes its objective smaller", arguments: [0.0, 0.3, 40])
    func ridgeIsOptimal(penalty: Double) throws {
        let (x, y) = (random(60, 7, seed: 1), random(60, 4, seed: 2))
        let map = try RidgeRegression(from: x.view, to: y.view, penalty: penalty).map
        func objective(_ map: AffineMap) -> Double {
            60 * map.meanSquaredError(from: x.view, to: y.view) + penalty * sumOfSquares(map.weight.view)
        }
        let best = objective(map)
        for seed in 10..<30 {
            var other = map
            add(random(4, 7, seed: UInt64(seed)).view, to: &other.weight, scale: 0.02)
            #expect(objective(other) > best)
        }
    }

    @Test("a larger penalty draws the weight nearer to zero, or to the identity")
    func penaltyShrinks() throws {
        let x = random(50, 5, seed: 3)
        let y = random(50, 5, seed: 4)
        var (zero, identity): ([Double], [Double]) = ([], [])
        for penalty in [0.1, 10, 1000, 1e5] {
            zero.append(
                sumOfSquares(try RidgeRegression(from: x.view, to: y.view, penalty: penalty).map.weight.view))
            var weight = try RidgeRegression(from: x.view, to: y.view, penalty: penalty, towards: .identity).map.weight
            add(AffineMap.identity(5).weight.view, to: &weight, scale: -1)
            identity.append(sumOfSquares(weight.view))
        }
        #expect(zip(zero, zero.dropFirst()).allSatisfy { $0 > $1 } && zero[3] < 1e-4)
        #expect(zip(identity, identity.dropFirst()).allSatisfy { $0 > $1 } && identity[3] < 1e-4)
    }

    @Test("the penalty that held-out rows choose is the grid's best one, and few noisy rows choose a large one")
    func penaltyIsChosen() throws {
        let (x, y) = (random(12, 10, seed: 5), random(12, 3, seed: 6))
        let heldOut = (x: random(200, 10, seed: 7), y: random(200, 3, seed: 8))
        let grid = RidgeRegression.grid
        let chosen = try RidgeRegression.choosing(
            from: x.view, to: y.view, heldOut: (heldOut.x.view, heldOut.y.view), grid: grid)
        for part in grid {
            let other = try RidgeRegression.choosing(
                from: x.view, to: y.view, heldOut: (heldOut.x.view, heldOut.y.view), grid: [part])
            #expect(try #require(other.heldOutError) >= (try #require(chosen.heldOutError)))
        }
        // There is nothing to learn from noise.
        let largest = try RidgeRegression.choosing(
            from: x.view, to: y.view, heldOut: (heldOut.x.view, heldOut.y.view), grid: [1000])
        #expect(chosen.penalty >= largest.penalty / 100)
        let scored = try RidgeRegression.choosing(
            from: x.view, to: y.view, heldOut: (heldOut.x.view, heldOut.y.view), grid: grid,
            score: { -sumOfSquares($0.weight.view) })
        #expect(scored.penalty == largest.penalty)
    }

    @Test("a reduced-rank map of full rank is ridge regression, and each rank less costs more", arguments: [0.0, 3.5])
    func ranksNest(penalty: Double) throws {
        let (x, y) = (random(80, 9, seed: 9), random(80, 6, seed: 10))
        let full = try RidgeRegression(from: x.view, to: y.view, penalty: penalty).map
        var errors: [Double] = []
        for rank in 1...6 {
            let reduced = try ReducedRankRegression(from: x.view, to: y.view, rank: rank, penalty: penalty)
            errors.append(
                80 * reduced.map.meanSquaredError(from: x.view, to: y.view)
                    + penalty * sumOfSquares(reduced.map.weight.view))
            #expect(
                difference(product(reduced.up, reduced.up, transposingFirst: true), identity(rank)) < 1e-5)
            if rank == 6 { #expect(difference(reduced.map.weight, full.weight) < 1e-5) }
        }
        #expect(zip(errors, errors.dropFirst()).allSatisfy { $0 > $1 })
    }

    @Test("no low-rank change of a reduced-rank map makes its error smaller")
    func reducedRankIsOptimal() throws {
        let (x, y) = (random(70, 6, seed: 11), random(70, 6, seed: 12))
        let map = try ReducedRankRegression(from: x.view, to: y.view, rank: 2, penalty: 0)
        let best = map.map.meanSquaredError(from: x.view, to: y.view)
        for seed in 40..<60 {
            var (up, down) = (map.up, map.down)
            add(random(6, 2, seed: UInt64(seed)).view, to: &up, scale: 0.05)
            add(random(2, 6, seed: UInt64(seed) + 100).view, to: &down, scale: 0.05)
            let other = AffineMap(weight: product(up, down), bias: map.bias)
            #expect(other.meanSquaredError(from: x.view, to: y.view) > best)
        }
    }

    @Test("Procrustes finds the rotation that made the rows", arguments: [2, 5, 32])
    func procrustesFindsRotations(width: Int) throws {
        let rotation = try QRDecomposition(random(width, width, seed: 13).view).q
        let x = random(3 * width, width, seed: 14)
        let y = product(x, rotation, transposingSecond: true)
        let found = try OrthogonalProcrustes(from: x.view, to: y.view)
        #expect(difference(found.weight, rotation) < 1e-5)
        #expect(difference(found.map(x.view), y) < 1e-4)
    }

    @Test("a Procrustes map keeps angles, and no other rotation is better")
    func procrustesIsOptimal() throws {
        let (x, y) = (random(50, 8, seed: 15), random(50, 8, seed: 16))
        let map = try OrthogonalProcrustes(from: x.view, to: y.view).map
        #expect(difference(product(map.weight, map.weight, transposingFirst: true), identity(8)) < 1e-5)
        let best = map.meanSquaredError(from: x.view, to: y.view)
        for seed in 60..<80 {
            var turned = identity(8)
            add(random(8, 8, seed: UInt64(seed)).view, to: &turned, scale: 0.05)
            let weight = product(try QRDecomposition(turned.view).q, map.weight)
            #expect(AffineMap(weight: weight).meanSquaredError(from: x.view, to: y.view) > best)
        }
    }

    @Test("whitened rows have mean 0 and the identity as covariance", arguments: Whitening.Form.allCases)
    func whitens(form: Whitening.Form) throws {
        let x = product(random(300, 6, seed: 17), random(6, 6, seed: 18))
        let whitened = try Whitening(of: x.view, form).map(x.view)
        var sums = [Float](repeating: 0, count: 6)
        addColumnSums(of: whitened.view, to: &sums)
        #expect(sums.allSatisfy { abs($0) < 1e-2 })
        var covariance = product(whitened, whitened, transposingFirst: true)
        scale(&covariance, by: 1.0 / 300)
        #expect(difference(covariance, identity(6)) < 1e-3)
    }

    @Test("ZCA stays nearer to the coordinates than PCA, and its weight is symmetric")
    func zcaStaysNear() throws {
        let x = product(random(200, 5, seed: 19), random(5, 5, seed: 20))
        let (zca, pca) = (try Whitening(of: x.view, .zca).map, try Whitening(of: x.view, .pca).map)
        let transposed = product(zca.weight, identity(5), transposingFirst: true)
        #expect(difference(zca.weight, transposed) < 1e-5)
        #expect(zca.meanSquaredError(from: x.view, to: x.view) < pca.meanSquaredError(from: x.view, to: x.view))
    }

    // MARK: Numbers and threads

    @Test("an ill-conditioned regression is as good as double precision makes it")
    func illConditioned() throws {
        // Two columns that differ by a part in 10⁴: in float32 the Gram matrix would be singular.
        var x = random(500, 2, seed: 21)
        for i in 0..<500 { x[i, 1] = x[i, 0] + 1e-4 * x[i, 1] }
        let y = Matrix<Float>(rows: 500, columns: 1, elements: (0..<500).map { 3 * x[$0, 0] - 2 * x[$0, 1] })
        let map = try RidgeRegression(from: x.view, to: y.view, penalty: 0, intercept: false).map
        #expect(abs(map.weight[0, 0] - 3) < 0.02 && abs(map.weight[0, 1] + 2) < 0.02)
    }

    @Test("more rows than a block, and rows of a wider matrix, give what a plain sum gives")
    func blocks() throws {
        let wide = random(2500, 9, seed: 22)
        let x = wide.view.columns(2..<6)
        let moments = try PairedMoments(x, wide.view.columns(6..<9), for: "a test")
        for i in 0..<4 {
            let sum = (0..<2500).reduce(0.0) { $0 + Double(wide[$1, 2 + i]) }
            #expect(abs(moments.sumX[i] - sum) < 1e-9)
            for j in 0..<3 {
                let sum = (0..<2500).reduce(0.0) { $0 + Double(wide[$1, 2 + i]) * Double(wide[$1, 6 + j]) }
                #expect(abs(moments.xy[i, j] - sum) < 1e-9)
            }
        }
    }

    // MARK: Bad input

    @Test("refuses rows that do not pair, rows without numbers, and penalties below zero")
    func refuses() throws {
        let (x, y) = (random(5, 3, seed: 23), random(4, 3, seed: 24))
        #expect(
            errorMessage { try RidgeRegression(from: x.view, to: y.view, penalty: 1) }
                == "ridge regression: 5 rows cannot be mapped to 4")
        #expect(errorMessage { try OrthogonalProcrustes(from: x.view, to: y.view) } != nil)
        let none = Matrix<Float>(rows: 0, columns: 3)
        #expect(
            errorMessage { try OrthogonalProcrustes(from: none.view, to: none.view) }
                == "Procrustes: there is nothing in 0 rows of 3 columns")
        #expect(
            errorMessage { try RidgeRegression(from: x.view, to: x.view, penalty: -1) }
                == "ridge regression: a penalty of -1.0")
        var broken = x
        broken[1, 1] = .nan
        #expect(throws: LowRankError.notFinite(routine: "ridge regression")) {
            try RidgeRegression(from: broken.view, to: x.view, penalty: 1)
        }
        #expect(
            errorMessage {
                try RidgeRegression(from: x.view, to: x.view.columns(0..<2), penalty: 1, towards: .identity)
            } == "ridge regression: a map from 3 to 2 columns cannot be near the identity")
        #expect(throws: LowRankError.invalidRank(module: "the low-rank map", rank: 4, limit: 3)) {
            try ReducedRankRegression(from: x.view, to: x.view, rank: 4, penalty: 1)
        }
    }

    @Test("says that columns which depend on each other need a penalty")
    func refusesSingular() throws {
        let x = Matrix<Float>(rowsOf: [[1, 1], [2, 2], [3, 3]])
        #expect(throws: LowRankError.decompositionFailed(routine: "dpotrf", code: 2)) {
            try RidgeRegression(from: x.view, to: x.view, penalty: 0, intercept: false)
        }
        #expect(throws: Never.self) { try RidgeRegression(from: x.view, to: x.view, penalty: 1e-3) }
        #expect(
            errorMessage { try Whitening(of: x.view, .zca) }
                == "whitening: 3 rows do not vary in 2 directions: keep fewer, or add shrinkage")
        #expect(throws: Never.self) { try Whitening(of: x.view, .zca, shrinkage: 0.1) }
        #expect(throws: Never.self) { try Whitening(of: x.view, .pca, dimensions: 1) }
        #expect(errorMessage { try Whitening(of: x.view, .zca, dimensions: 1) } != nil)
        #expect(errorMessage { try Whitening(of: x.view, .pca, shrinkage: 2) } != nil)
    }
}
