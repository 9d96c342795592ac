// swift-tools-version: 6.2
import PackageDescription

/// Warnings are errors where the environment asks for it (CI does); a user's newer compiler must not fail on a new warning.
let strict = Context.environment["ATTUNE_STRICT"] == "1"

let swiftSettings: [SwiftSetting] =
    [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
    ] + (strict ? [.treatAllWarnings(as: .error)] : [])

let cSettings: [CSetting] = strict ? [.treatAllWarnings(as: .error)] : []

/// A library floor: a target, and the product of the same name.
func floor(_ name: String, uses dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: swiftSettings)
}

func tests(_ name: String, uses dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.target(name: name), "TestSupport"] + dependencies,
        swiftSettings: swiftSettings)
}

let libraries = [
    "VectorMath", "Files", "Tokenization", "ModelFiles", "Corpora", "VectorIndex", "Reports", "LowRank", "Encoders",
    "Evaluation", "Training", "Retrieval", "Lifecycle", "Attune",
]

let package = Package(
    name: "attune",
    products: libraries.map { .library(name: $0, targets: [$0]) } + [
        .executable(name: "attune", targets: ["AttuneCommand"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.0.0"),
    ],
    targets: [
        // MARK: Floor 0: C
        .target(name: "CAttuneKernels", cSettings: cSettings),
        .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(name: "CLAPACKE", pkgConfig: "lapacke", providers: [.apt(["liblapacke-dev"])]),

        // MARK: Floor 1: numbers and bytes
        floor("VectorMath", uses: ["CAttuneKernels", "COpenBLAS"]),
        floor("Files", uses: ["CAttuneKernels"]),

        // MARK: Floor 2: formats and data
        floor("Tokenization", uses: ["CAttuneKernels", "Files"]),
        floor("ModelFiles", uses: ["Files", "VectorMath"]),
        floor("Corpora", uses: ["Files"]),
        floor("VectorIndex", uses: ["Files", "VectorMath"]),
        floor("Reports", uses: []),

        // MARK: Floors 3 and 4: the model
        floor("LowRank", uses: ["CLAPACKE", "COpenBLAS", "Files", "ModelFiles", "VectorMath"]),
        floor("Encoders", uses: ["Files", "LowRank", "ModelFiles", "Tokenization", "VectorMath"]),

        // MARK: Floors 5 and 6: learning and finding
        floor("Evaluation", uses: ["Corpora", "Encoders", "Files", "VectorIndex", "VectorMath"]),
        floor(
            "Training",
            uses: [
                "Corpora", "Encoders", "Evaluation", "Files", "LowRank", "ModelFiles", "Reports", "VectorIndex",
                "VectorMath",
            ]),
        floor(
            "Retrieval",
            uses: [
                "Corpora", "Encoders", "Files", "VectorIndex", "VectorMath",
                .product(name: "GRDB", package: "GRDB.swift"),
            ]),

        // MARK: Floor 7: what becomes of an adapter
        floor("Lifecycle", uses: ["Encoders", "Evaluation", "Files", "LowRank", "Training"]),

        // MARK: Floor 8 and up: faces
        floor(
            "Attune",
            uses: [
                "Corpora", "Encoders", "Evaluation", "Files", "Lifecycle", "LowRank", "ModelFiles", "Reports",
                "Retrieval",
                "Tokenization",
                "Training", "VectorIndex", "VectorMath",
            ]),
        .executableTarget(
            name: "AttuneCommand",
            dependencies: ["Attune", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            swiftSettings: swiftSettings),

        // MARK: Tests
        .target(name: "TestSupport", dependencies: ["Files"], path: "Tests/TestSupport", swiftSettings: swiftSettings),
        tests("VectorMath", uses: ["CAttuneKernels"]),
        tests("Files"),
        tests("Tokenization"),
        tests("ModelFiles"),
        tests("Corpora"),
        tests("VectorIndex"),
        tests("Reports"),
        tests("LowRank"),
        tests("Encoders"),
        tests("Evaluation"),
        tests("Training"),
        tests("Retrieval", uses: [.product(name: "GRDB", package: "GRDB.swift")]),
        tests("Lifecycle"),
        tests("AttuneCommand"),
    ],
    cLanguageStandard: .c17
)
