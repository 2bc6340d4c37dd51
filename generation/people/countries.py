"""Countries: whose names they use, their money, cities and addresses.

Wages are rough gross monthly medians in the local currency around 2024, rounded: plausible, no more. Cities are real
and street names are common ones, so an address is invented but looks like its country.
"""

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Country:
    """A country that people are born and live in.

    Attributes:
        name: without an article, as in "Graz, Austria".
        nationality: the adjective.
        locale: of its names: a locale of Faker, or a key of `names.ROMANIZED`.
        currency: ISO 4217 code.
        wage: typical gross monthly wage in the currency.
        cities: real cities.
    """

    name: str
    nationality: str
    locale: str
    currency: str
    wage: int
    cities: tuple[str, ...]


@dataclass(frozen=True)
class DetailedCountry(Country):
    """A country with what documents and addresses need.

    Attributes:
        code: ISO 3166 alpha-2 code.
        hours: full-time working hours per week.
        dial: international dialing code.
        iban: whether accounts are written in IBAN form.
        address: template of an address's first line, from {n}, {block} and {street}.
        identity: pattern of national ID numbers, invalid by construction.
        streets: common street names.
    """

    code: str
    hours: float
    dial: int
    iban: bool
    address: str
    identity: str
    streets: tuple[str, ...]


STREET_FIRST = "{street} {n}"
NUMBER_FIRST = "{n} {street}"
# Shapes of ID numbers. None can be a real one: groups of zeros are not issued, and QQ and X0 are no prefixes in use.
_ZERO, _QQ, _X0, _DOT, _TAIL = "000-##-####", "QQ ######", "X0######", "000.###.###", "00######-#"

_ROWS = (
    ("AR", "Argentina", "Argentine", "es_AR", "ARS", 900_000, 45, 54, False, STREET_FIRST, _DOT,
     "Rosario, Mendoza, Salta, Neuquén, La Plata, Paraná, Posadas, Bahía Blanca",
     "Belgrano, San Martín, Rivadavia, Sarmiento, Mitre, Moreno, Urquiza, Las Heras, Alvear, Chacabuco"),
    ("AU", "Australia", "Australian", "en_GB", "AUD", 6_500, 38, 61, False, NUMBER_FIRST, _ZERO,
     "Perth, Hobart, Adelaide, Geelong, Cairns, Ballarat, Newcastle, Darwin",
     "Banksia Street, Wattle Road, Kookaburra Lane, Acacia Avenue, Gum Tree Drive, Station Street, Beach Road, "
     "Mill Street, Jacaranda Court, Railway Parade"),
    ("AT", "Austria", "Austrian", "de_AT", "EUR", 3_300, 38.5, 43, True, STREET_FIRST, _TAIL,
     "Vienna, Graz, Linz, Salzburg, Innsbruck, Klagenfurt, Villach, Bregenz",
     "Lindengasse, Marktgasse, Feldgasse, Schulgasse, Mozartstraße, Bachgasse, Wiesenweg, Bergstraße, Rosengasse, "
     "Mühlgasse"),
    ("BE", "Belgium", "Belgian", "nl_BE", "EUR", 3_800, 38, 32, True, STREET_FIRST, _DOT,
     "Antwerp, Ghent, Bruges, Leuven, Mechelen, Hasselt, Kortrijk, Ostend",
     "Kerkstraat, Molenstraat, Stationsstraat, Nieuwstraat, Dorpsstraat, Beukenlaan, Lindelaan, Veldstraat, "
     "Schoolstraat, Parklaan"),
    ("BR", "Brazil", "Brazilian", "pt_BR", "BRL", 3_300, 44, 55, False, "{street}, {n}", _DOT,
     "Curitiba, Recife, Fortaleza, Campinas, Belém, Goiânia, Santos, Natal",
     "Rua das Flores, Rua do Sol, Rua Bela Vista, Rua São José, Rua da Paz, Avenida Brasil, Rua Primavera, "
     "Rua dos Pinheiros, Rua Santa Rita, Rua XV de Novembro"),
    ("CA", "Canada", "Canadian", "fr_CA", "CAD", 5_200, 37.5, 1, False, NUMBER_FIRST, _ZERO,
     "Gatineau, Laval, Sherbrooke, Lévis, Rimouski, Granby, Saguenay, Moncton",
     "Rue des Érables, Rue Principale, Rue du Moulin, Rue Saint-Jean, Rue des Pins, Avenue du Parc, Rue Notre-Dame, "
     "Rue des Bouleaux, Chemin du Lac, Rue de la Gare"),
    ("CL", "Chile", "Chilean", "es_CL", "CLP", 900_000, 44, 56, False, STREET_FIRST, _TAIL,
     "Valdivia, Temuco, Iquique, La Serena, Concepción, Talca, Arica, Puerto Montt",
     "Los Aromos, O'Higgins, Las Lilas, Los Alerces, Arturo Prat, El Roble, Los Copihues, Balmaceda, Las Camelias, "
     "Pedro Montt"),
    ("CO", "Colombia", "Colombian", "es_CO", "COP", 2_400_000, 46, 57, False, "{street} #{block}-{n}", _DOT,
     "Medellín, Cali, Pereira, Manizales, Cartagena, Bucaramanga, Ibagué, Pasto",
     "Calle 8, Calle 14, Calle 23, Calle 36, Calle 45, Carrera 5, Carrera 11, Carrera 19, Carrera 27, Carrera 32"),
    ("HR", "Croatia", "Croatian", "hr_HR", "EUR", 1_750, 40, 385, True, STREET_FIRST, _X0,
     "Zagreb, Split, Rijeka, Osijek, Zadar, Pula, Karlovac, Varaždin",
     "Vukovarska, Zagrebačka, Školska, Radićeva, Gundulićeva, Kolodvorska, Primorska, Cvjetna, Lipova, Nazorova"),
    ("CZ", "Czechia", "Czech", "cs_CZ", "CZK", 44_000, 40, 420, True, STREET_FIRST, _TAIL,
     "Prague, Brno, Ostrava, Plzeň, Olomouc, Liberec, Zlín, Jihlava",
     "Nádražní, Školní, Husova, Zahradní, Lipová, Palackého, Komenského, Polní, Dlouhá, Tyršova"),
    ("DK", "Denmark", "Danish", "da_DK", "DKK", 42_000, 37, 45, True, STREET_FIRST, _TAIL,
     "Copenhagen, Aarhus, Odense, Aalborg, Esbjerg, Randers, Kolding, Horsens",
     "Skovvej, Kirkevej, Strandvejen, Møllevej, Engvej, Birkevej, Nørregade, Søndergade, Skolegade, Lindevej"),
    ("EE", "Estonia", "Estonian", "et_EE", "EUR", 1_900, 40, 372, True, STREET_FIRST, _X0,
     "Tallinn, Tartu, Narva, Pärnu, Viljandi, Rakvere, Võru, Haapsalu",
     "Pikk, Kase, Pärna, Lai, Jaama, Metsa, Kooli, Aia, Tamme, Mere"),
    ("FI", "Finland", "Finnish", "fi_FI", "EUR", 3_500, 37.5, 358, True, STREET_FIRST, _TAIL,
     "Helsinki, Tampere, Turku, Oulu, Lahti, Kuopio, Joensuu, Vaasa",
     "Koivukatu, Asemakatu, Rantatie, Koulukatu, Kirkkokatu, Metsätie, Puistokatu, Mäntytie, Satamakatu, Kauppakatu"),
    ("FR", "France", "French", "fr_FR", "EUR", 2_900, 35, 33, True, NUMBER_FIRST, _DOT,
     "Lyon, Nantes, Dijon, Rennes, Angers, Grenoble, Limoges, Tours",
     "Rue des Lilas, Rue Victor Hugo, Rue du Moulin, Rue Pasteur, Avenue Foch, Rue de la Gare, Rue des Tilleuls, "
     "Place du Marché, Rue Molière, Rue des Jardins"),
    ("DE", "Germany", "German", "de_DE", "EUR", 3_900, 40, 49, True, STREET_FIRST, _X0,
     "Cologne, Leipzig, Bremen, Dresden, Hanover, Nuremberg, Freiburg, Kassel",
     "Lindenstraße, Gartenweg, Schulstraße, Bergstraße, Birkenweg, Hauptstraße, Goethestraße, Ringstraße, "
     "Wiesenweg, Bahnhofstraße"),
    ("GH", "Ghana", "Ghanaian", "tw_GH", "GHS", 3_500, 40, 233, False, NUMBER_FIRST, _X0,
     "Accra, Kumasi, Tamale, Cape Coast, Sunyani, Ho, Koforidua, Tema",
     "Ring Road, Station Road, Palm Street, Harbour Road, Cocoa Street, Mango Lane, Market Street, Mission Road, "
     "Hospital Road, Airport Road"),
    ("HU", "Hungary", "Hungarian", "hu_HU", "HUF", 580_000, 40, 36, True, STREET_FIRST, _X0,
     "Budapest, Szeged, Debrecen, Pécs, Győr, Miskolc, Eger, Sopron",
     "Petőfi utca, Kossuth utca, Rákóczi út, Ady utca, Arany utca, Jókai utca, Dózsa utca, Virág utca, Szent utca, "
     "Béke utca"),
    ("IN", "India", "Indian", "en_IN", "INR", 40_000, 48, 91, False, NUMBER_FIRST, _ZERO,
     "Pune, Jaipur, Kochi, Mysuru, Nagpur, Indore, Lucknow, Surat",
     "Gandhi Road, Station Road, Temple Street, Nehru Marg, Lake View Road, Park Street, Tilak Road, Mill Road, "
     "Church Road, Garden Lane"),
    ("ID", "Indonesia", "Indonesian", "id_ID", "IDR", 7_000_000, 40, 62, False, STREET_FIRST, _DOT,
     "Bandung, Surabaya, Medan, Semarang, Malang, Denpasar, Makassar, Padang",
     "Jalan Melati, Jalan Merdeka, Jalan Kenanga, Jalan Mawar, Jalan Sudirman, Jalan Diponegoro, Jalan Anggrek, "
     "Jalan Cendana, Jalan Pahlawan, Jalan Gajah Mada"),
    ("IE", "Ireland", "Irish", "en_IE", "EUR", 3_700, 39, 353, True, NUMBER_FIRST, _QQ,
     "Dublin, Cork, Galway, Limerick, Waterford, Sligo, Kilkenny, Dundalk",
     "Abbey Street, Chapel Lane, Castle Road, Mill Road, Shannon Park, Oak Drive, Bridge Street, Church Street, "
     "Main Street, Harbour View"),
    ("IT", "Italy", "Italian", "it_IT", "EUR", 2_600, 40, 39, True, STREET_FIRST, _DOT,
     "Turin, Bologna, Verona, Bari, Genoa, Palermo, Trieste, Perugia",
     "Via Roma, Via Garibaldi, Via Mazzini, Via Verdi, Corso Italia, Via Dante, Via Cavour, Via Manzoni, Via Marconi, "
     "Via dei Mille"),
    ("JP", "Japan", "Japanese", "ja_JP", "JPY", 330_000, 40, 81, False, "{block}-{n} {street}", _ZERO,
     "Sapporo, Sendai, Kobe, Nagoya, Fukuoka, Kyoto, Hiroshima, Kanazawa",
     "Midori-cho, Sakura-cho, Honcho, Sakae-cho, Asahi-cho, Minami-cho, Wakaba-cho, Izumi-cho, Hanazono-cho, Kita-cho"),
    ("KE", "Kenya", "Kenyan", "en_KE", "KES", 75_000, 45, 254, False, NUMBER_FIRST, _X0,
     "Nairobi, Mombasa, Kisumu, Nakuru, Eldoret, Thika, Nyeri, Malindi",
     "Acacia Road, Lake Road, Market Street, Station Road, Harambee Road, Jacaranda Avenue, Uhuru Street, Forest Road, "
     "School Lane, Garden Road"),
    ("LV", "Latvia", "Latvian", "lv_LV", "EUR", 1_600, 40, 371, True, STREET_FIRST, _TAIL,
     "Riga, Liepāja, Daugavpils, Jelgava, Ventspils, Jūrmala, Valmiera, Cēsis",
     "Brīvības iela, Skolas iela, Dārza iela, Liepu iela, Parka iela, Stacijas iela, Upes iela, Meža iela, Ozolu iela, "
     "Jūras iela"),
    ("LU", "Luxembourg", "Luxembourgish", "de_LU", "EUR", 5_200, 40, 352, True, NUMBER_FIRST, _X0,
     "Luxembourg, Differdange, Dudelange, Ettelbruck, Diekirch, Echternach, Wiltz, Remich",
     "Rue de la Gare, Grand-Rue, Rue des Prés, Rue de l'École, Rue du Parc, Rue des Champs, Rue de la Forêt, "
     "Avenue de la Liberté, Rue du Moulin, Rue des Roses"),
    ("MX", "Mexico", "Mexican", "es_MX", "MXN", 16_000, 48, 52, False, STREET_FIRST, _DOT,
     "Puebla, Mérida, León, Toluca, Oaxaca, Morelia, Querétaro, Veracruz",
     "Calle Hidalgo, Calle Juárez, Calle Morelos, Avenida Reforma, Calle Allende, Calle Zaragoza, Calle Madero, "
     "Calle Cedros, Calle Aldama, Calle Guerrero"),
    ("NL", "Netherlands", "Dutch", "nl_NL", "EUR", 3_900, 38, 31, True, STREET_FIRST, _TAIL,
     "Utrecht, Eindhoven, Groningen, Arnhem, Haarlem, Leiden, Zwolle, Delft",
     "Kerkstraat, Molenweg, Dorpsstraat, Beatrixlaan, Eikenlaan, Schoolstraat, Julianastraat, Wilgenlaan, "
     "Stationsweg, Parkweg"),
    ("NZ", "New Zealand", "New Zealand", "en_NZ", "NZD", 5_600, 40, 64, False, NUMBER_FIRST, _ZERO,
     "Wellington, Dunedin, Hamilton, Nelson, Napier, Tauranga, Christchurch, Rotorua",
     "Kauri Street, Tui Road, Rimu Place, Beach Road, Fern Lane, Harbour View Road, Victoria Street, Pohutukawa Drive, "
     "Queen Street, Hill Road"),
    ("NG", "Nigeria", "Nigerian", "yo_NG", "NGN", 350_000, 40, 234, False, NUMBER_FIRST, _X0,
     "Ibadan, Lagos, Abeokuta, Akure, Ilorin, Osogbo, Ado-Ekiti, Benin City",
     "Palm Avenue, Market Road, Unity Street, Independence Way, Mango Street, Church Street, Station Road, Ring Road, "
     "Bode Street, Airport Road"),
    ("NO", "Norway", "Norwegian", "no_NO", "NOK", 52_000, 37.5, 47, True, STREET_FIRST, _TAIL,
     "Oslo, Bergen, Trondheim, Stavanger, Tromsø, Drammen, Kristiansand, Hamar",
     "Kirkegata, Storgata, Skolegata, Fjordveien, Skogveien, Strandgata, Bjørkeveien, Møllegata, Elveveien, Havnegata"),
    ("PL", "Poland", "Polish", "pl_PL", "PLN", 7_800, 40, 48, True, STREET_FIRST, _X0,
     "Kraków, Gdańsk, Poznań, Wrocław, Lublin, Łódź, Toruń, Katowice",
     "Lipowa, Ogrodowa, Polna, Szkolna, Leśna, Słoneczna, Krótka, Kwiatowa, Parkowa, Kościuszki"),
    ("PT", "Portugal", "Portuguese", "pt_PT", "EUR", 1_550, 40, 351, True, STREET_FIRST, _DOT,
     "Lisbon, Porto, Braga, Coimbra, Évora, Faro, Aveiro, Viseu",
     "Rua Augusta, Rua das Flores, Rua do Sol, Rua Direita, Rua da Igreja, Avenida da República, Rua do Carmo, "
     "Rua Nova, Rua dos Pescadores, Rua da Fonte"),
    ("RO", "Romania", "Romanian", "ro_RO", "RON", 8_000, 40, 40, True, STREET_FIRST, _X0,
     "Bucharest, Cluj-Napoca, Iași, Timișoara, Brașov, Sibiu, Oradea, Constanța",
     "Strada Lungă, Strada Florilor, Strada Teilor, Strada Libertății, Strada Morii, Strada Mihai Eminescu, "
     "Strada Primăverii, Strada Castanilor, Strada Horea, Strada Gării"),
    ("SK", "Slovakia", "Slovak", "sk_SK", "EUR", 1_500, 40, 421, True, STREET_FIRST, _TAIL,
     "Bratislava, Košice, Žilina, Nitra, Trnava, Prešov, Trenčín, Poprad",
     "Hlavná, Školská, Záhradná, Lipová, Štúrova, Železničná, Kvetná, Slnečná, Poľná, Mlynská"),
    ("SI", "Slovenia", "Slovenian", "sl_SI", "EUR", 2_300, 40, 386, True, STREET_FIRST, _X0,
     "Ljubljana, Maribor, Celje, Koper, Kranj, Ptuj, Novo Mesto, Velenje",
     "Prešernova ulica, Kolodvorska ulica, Šolska ulica, Cankarjeva ulica, Gregorčičeva ulica, Vrtna ulica, "
     "Mlinska ulica, Gozdna ulica, Trubarjeva ulica, Poljska cesta"),
    ("ZA", "South Africa", "South African", "zu_ZA", "ZAR", 26_000, 45, 27, False, NUMBER_FIRST, _ZERO,
     "Durban, Pietermaritzburg, Bloemfontein, Polokwane, Gqeberha, Kimberley, East London, Richards Bay",
     "Protea Street, Umgeni Road, Marula Avenue, Church Street, Acacia Road, Beach Road, Mission Road, Aloe Lane, "
     "Station Street, Loop Street"),
    ("ES", "Spain", "Spanish", "es_ES", "EUR", 2_300, 40, 34, True, STREET_FIRST, _QQ,
     "Valencia, Seville, Zaragoza, Málaga, Bilbao, Murcia, Granada, Oviedo",
     "Calle Mayor, Calle del Sol, Calle Real, Calle Cervantes, Calle del Carmen, Avenida del Mar, Calle Nueva, "
     "Calle Goya, Calle San Pedro, Calle de la Luna"),
    ("SE", "Sweden", "Swedish", "sv_SE", "SEK", 38_000, 40, 46, True, STREET_FIRST, _TAIL,
     "Stockholm, Uppsala, Malmö, Lund, Umeå, Örebro, Gothenburg, Kalmar",
     "Storgatan, Kyrkogatan, Skolgatan, Björkvägen, Strandvägen, Ringvägen, Drottninggatan, Skogsvägen, Järnvägsgatan, "
     "Lindvägen"),
    ("CH", "Switzerland", "Swiss", "de_CH", "CHF", 6_800, 42, 41, True, STREET_FIRST, _DOT,
     "Zurich, Bern, Lucerne, Basel, Winterthur, St. Gallen, Chur, Thun",
     "Bahnhofstrasse, Dorfstrasse, Seestrasse, Schulweg, Kirchgasse, Alpenstrasse, Rosenweg, Birkenweg, Gartenstrasse, "
     "Mühleweg"),
    ("TW", "Taiwan", "Taiwanese", "zh_TW", "TWD", 48_000, 40, 886, False, NUMBER_FIRST, _QQ,
     "Taipei, Taichung, Tainan, Kaohsiung, Hsinchu, Keelung, Hualien, Chiayi",
     "Zhongshan Road, Minsheng Road, Heping Road, Fuxing Road, Ren'ai Road, Guangfu Road, Minzu Road, Zhongzheng Road, "
     "Wenhua Road, Xinyi Road"),
    ("TR", "Turkey", "Turkish", "tr_TR", "TRY", 45_000, 45, 90, True, STREET_FIRST, _DOT,
     "Izmir, Bursa, Ankara, Antalya, Konya, Trabzon, Adana, Eskişehir",
     "Atatürk Caddesi, Cumhuriyet Caddesi, İnönü Caddesi, Lale Sokak, Gül Sokak, Çınar Sokak, Fatih Caddesi, "
     "Menekşe Sokak, Zafer Caddesi, Barış Sokak"),
    ("UA", "Ukraine", "Ukrainian", "uk_UA", "UAH", 22_000, 40, 380, True, STREET_FIRST, _X0,
     "Kyiv, Lviv, Odesa, Poltava, Vinnytsia, Lutsk, Ternopil, Uzhhorod",
     "Shevchenka, Franka, Sadova, Lisova, Shkilna, Kyivska, Zelena, Soborna, Mazepy, Sonyachna"),
    ("GB", "United Kingdom", "British", "en_GB", "GBP", 3_000, 37.5, 44, True, NUMBER_FIRST, _QQ,
     "Leeds, Bristol, Norwich, York, Swansea, Exeter, Derby, Inverness",
     "Church Lane, Mill Road, Station Road, Victoria Street, Orchard Close, Park Avenue, High Street, Elm Grove, "
     "Kings Road, Rose Hill"),
    ("US", "United States", "American", "en_US", "USD", 5_200, 40, 1, False, NUMBER_FIRST, _ZERO,
     "Dayton, Boise, Tulsa, Spokane, Duluth, Savannah, Tucson, Albany",
     "Maple Street, Oak Avenue, Cedar Lane, Washington Street, Pine Street, Lake Drive, Elm Street, Sunset Road, "
     "River Road, Hickory Lane"),
    ("DZ", "Algeria", "Algerian", "fr_DZ", "DZD", 60_000, 40, 213, False, NUMBER_FIRST, _ZERO,
     "Algiers, Oran, Constantine, Annaba, Blida, Tlemcen, Sétif, Béjaïa",
     "Rue des Oliviers, Rue de la Liberté, Rue du Port, Rue des Orangers, Rue de la Paix, Rue Larbi Ben M'hidi, "
     "Rue du Stade, Rue de l'Indépendance, Rue des Martyrs, Boulevard de l'ALN"),
)  # fmt: skip

_MORE = """
Azerbaijan | Azerbaijani | az_AZ | AZN 950 | Baku, Ganja, Sumqayit, Shaki, Lankaran, Mingachevir, Quba, Shirvan
Bolivia | Bolivian | es_CO | BOB 4000 | La Paz, Sucre, Cochabamba, Oruro, Potosí, Tarija, Santa Cruz, Cobija
China | Chinese | zh | CNY 9000 | Chengdu, Wuhan, Nanjing, Xi'an, Hangzhou, Qingdao, Shenzhen, Harbin
Costa Rica | Costa Rican | es_MX | CRC 480000 | San José, Alajuela, Cartago, Heredia, Turrialba, Limón, Puntarenas, Nicoya
Dominican Republic | Dominican | es_CO | DOP 27000 | Santo Domingo, Baní, La Romana, Puerto Plata, Moca, La Vega, Barahona, Higüey
Ecuador | Ecuadorian | es_CO | USD 800 | Quito, Cuenca, Guayaquil, Loja, Ambato, Manta, Riobamba, Ibarra
Egypt | Egyptian | ar | EGP 14000 | Cairo, Alexandria, Giza, Aswan, Luxor, Port Said, Mansoura, Tanta
Ethiopia | Ethiopian | am | ETB 9000 | Addis Ababa, Gondar, Bahir Dar, Hawassa, Dire Dawa, Mekelle, Jimma, Adama
Greece | Greek | el | EUR 1350 | Athens, Thessaloniki, Patras, Heraklion, Larissa, Volos, Ioannina, Chania
Guatemala | Guatemalan | es_MX | GTQ 4500 | Guatemala City, Quetzaltenango, Antigua, Cobán, Huehuetenango, Escuintla, Chiquimula, Zacapa
Iceland | Icelandic | is | ISK 780000 | Reykjavík, Akureyri, Kópavogur, Selfoss, Akranes, Ísafjörður, Egilsstaðir, Húsavík
Jamaica | Jamaican | en_GB | JMD 170000 | Kingston, Montego Bay, Mandeville, Ocho Rios, Portmore, Spanish Town, Port Antonio, Negril
Lithuania | Lithuanian | lt | EUR 2200 | Vilnius, Kaunas, Klaipėda, Šiauliai, Panevėžys, Alytus, Utena, Palanga
Moldova | Moldovan | ro_RO | MDL 13500 | Chișinău, Bălți, Cahul, Orhei, Soroca, Ungheni, Comrat, Edineț
Morocco | Moroccan | fr_DZ | MAD 5500 | Rabat, Casablanca, Fez, Marrakesh, Tangier, Agadir, Meknes, Essaouira
Pakistan | Pakistani | ur | PKR 60000 | Karachi, Lahore, Peshawar, Multan, Quetta, Faisalabad, Sialkot, Rawalpindi
Panama | Panamanian | es_CO | USD 1000 | Panama City, David, Colón, Santiago, Chitré, Penonomé, Las Tablas, Boquete
Peru | Peruvian | es_CO | PEN 2000 | Arequipa, Cusco, Trujillo, Piura, Iquitos, Tacna, Ayacucho, Huancayo
Philippines | Filipino | es_MX | PHP 24000 | Manila, Cebu City, Davao City, Iloilo City, Baguio, Bacolod, Batangas City, Dumaguete
Serbia | Serbian | hr_HR | RSD 115000 | Belgrade, Novi Sad, Niš, Kragujevac, Subotica, Zrenjanin, Čačak, Užice
South Korea | South Korean | ko | KRW 3700000 | Seoul, Busan, Incheon, Daegu, Daejeon, Gwangju, Jeonju, Suwon
Thailand | Thai | th | THB 26000 | Bangkok, Chiang Mai, Phuket, Khon Kaen, Udon Thani, Hat Yai, Chiang Rai, Ayutthaya
Tunisia | Tunisian | fr_DZ | TND 1300 | Tunis, Sfax, Sousse, Kairouan, Bizerte, Gabès, Monastir, Nabeul
Uruguay | Uruguayan | es_AR | UYU 45000 | Montevideo, Salto, Paysandú, Rivera, Maldonado, Tacuarembó, Durazno, Minas
Uzbekistan | Uzbek | uz_UZ | UZS 5500000 | Tashkent, Samarkand, Bukhara, Namangan, Andijan, Fergana, Nukus, Khiva
Vietnam | Vietnamese | vi | VND 9500000 | Hanoi, Da Nang, Hue, Can Tho, Hai Phong, Nha Trang, Da Lat, Vinh
"""  # noqa: E501


def _detailed(row: tuple) -> DetailedCountry:
    code, name, nationality, locale, currency, wage, hours, dial, iban, line, identity, cities, streets = row
    texts = tuple(cities.split(", ")), code, hours, dial, iban, line, identity, tuple(streets.split(", "))
    return DetailedCountry(name, nationality, locale, currency, wage, *texts)


def _parse(line: str) -> Country:
    name, nationality, locale, pay, cities = (part.strip() for part in line.split("|"))
    currency, wage = pay.split()
    return Country(name, nationality, locale, currency, int(wage), tuple(cities.split(", ")))


COUNTRIES = tuple(map(_detailed, _ROWS))
ALL_COUNTRIES: tuple[Country, ...] = (*COUNTRIES, *map(_parse, _MORE.strip().splitlines()))
COUNTRY_BY_NAME = {country.name: country for country in ALL_COUNTRIES}


def address(rng: random.Random, country: DetailedCountry) -> str:
    """Draw an address in the form of the country, on one line: street and number, city."""
    line = country.address.format(n=rng.randint(2, 98), block=rng.randint(1, 9), street=rng.choice(country.streets))
    return f"{line}, {rng.choice(country.cities)}"
