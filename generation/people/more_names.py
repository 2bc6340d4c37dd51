"""First and last names of countries for which Faker has none in Latin letters: common ones, romanised as usual.

Family names stand last here, as the other lists have them.
"""

Pools = dict[str, tuple[tuple[str, ...], tuple[str, ...]]]
"""Gender -> (first names, last names)."""


def _pools(female: str, male: str, last: str, last_male: str = "") -> Pools:
    return {
        "female": (tuple(female.split()), tuple(last.split())),
        "male": (tuple(male.split()), tuple((last_male or last).split())),
    }


NAMES: dict[str, Pools] = {
    "am": _pools(
        "Abeba Almaz Aster Bethlehem Birtukan Desta Genet Hanna Hirut Lemlem Makeda Meseret Rahel Saba Selam Senait "
        "Tigist Tsehay Yordanos Zewditu",
        "Abebe Addisu Amanuel Berhanu Daniel Dawit Fikru Getachew Girma Habtamu Henok Kebede Mekonnen Mulugeta Samuel "
        "Solomon Tadesse Tesfaye Yared Yohannes",
        "Alemu Assefa Ayele Bekele Belay Demissie Eshetu Gebre Haile Kassa Lemma Mengistu Negash Tamrat Tefera Tilahun "
        "Wolde Worku Zeleke Zewde",
    ),
    "ar": _pools(
        "Amina Aya Dalia Eman Farida Habiba Heba Iman Laila Mariam Menna Mona Nadia Noha Nour Rania Salma Sara Yasmin "
        "Zeinab",
        "Adel Ahmed Ali Amr Ashraf Fathi Hany Hassan Hossam Ibrahim Karim Khaled Mahmoud Mostafa Omar Ramy Sherif "
        "Tamer Tarek Youssef",
        "Abdallah Amer Ashour Badawi Darwish Fahmy Farag Gamal Ghanem Hafez Hamdy Kamel Mansour Metwally Naguib Nasr "
        "Ragab Saleh Shawky Zaki",
    ),
    "el": _pools(
        "Angeliki Chrysa Despina Dimitra Eleni Eirini Evangelia Fotini Georgia Ioanna Kalliopi Katerina Konstantina "
        "Maria Niki Panagiota Sofia Stavroula Vasiliki Zoi",
        "Alexandros Anastasios Antonis Apostolos Christos Dimitris Evangelos Georgios Giannis Ilias Konstantinos "
        "Kostas Michalis Nikos Panagiotis Petros Spyros Stavros Thanasis Vasilis",
        "Alexiou Angelopoulou Christodoulou Dimitriou Economou Georgiou Ioannou Karagianni Kosta Lamprou Makri "
        "Nikolaidou Oikonomou Panagiotou Papadopoulou Pappa Samara Theodorou Vasileiou Vlachou",
        "Alexiou Angelopoulos Christodoulou Dimitriou Economou Georgiou Ioannou Karagiannis Kostas Lamprou Makris "
        "Nikolaidis Oikonomou Panagiotou Papadopoulos Pappas Samaras Theodorou Vasileiou Vlachos",
    ),
    "is": _pools(
        "Anna Ásta Birna Elín Erla Guðrún Halla Helga Hildur Hrafnhildur Ingibjörg Katrín Kristín Lilja Margrét Ólöf "
        "Ragna Sigríður Steinunn Vigdís",
        "Árni Baldur Birgir Bjarni Einar Eyþór Guðmundur Gunnar Halldór Haukur Helgi Jóhann Jón Kjartan Magnús Ólafur "
        "Ragnar Sigurður Stefán Þórður",
        "Arnardóttir Baldursdóttir Bjarnadóttir Einarsdóttir Guðmundsdóttir Gunnarsdóttir Halldórsdóttir Helgadóttir "
        "Jónsdóttir Kristjánsdóttir Magnúsdóttir Ólafsdóttir Pálsdóttir Ragnarsdóttir Sigurðardóttir Stefánsdóttir",
        "Arnarson Baldursson Bjarnason Einarsson Guðmundsson Gunnarsson Halldórsson Helgason Jónsson Kristjánsson "
        "Magnússon Ólafsson Pálsson Ragnarsson Sigurðsson Stefánsson",
    ),
    "ko": _pools(
        "Bo-ra Da-eun Eun-ji Eun-young Ga-young Ha-eun Hye-jin Hyun-ju Ji-eun Ji-hye Ji-woo Ji-yeon Min-ji Mi-sook "
        "Seo-yeon So-yeon Soo-jin Su-bin Ye-jin Yoo-jin",
        "Chang-min Do-yoon Dong-hyun Geon-woo Hyun-woo Jae-hyun Ji-ho Ji-hoon Jin-woo Joon-ho Jun-seo Kyung-soo "
        "Min-ho Min-jun Sang-hoon Seung-ho Sung-min Tae-hyung Woo-jin Young-ho",
        "Ahn Bae Baek Cha Cho Choi Han Hong Hwang Jang Jeong Jung Kang Kim Kwon Lee Lim Moon Oh Park Ryu Seo Shin Son "
        "Song Yang Yoo Yoon",
    ),
    "lt": _pools(
        "Agnė Aistė Asta Aušra Birutė Daiva Eglė Giedrė Ieva Ingrida Jolanta Jurgita Kristina Lina Rasa Rūta Sigita "
        "Ugnė Vaida Živilė",
        "Algirdas Andrius Antanas Arūnas Audrius Darius Domantas Gediminas Giedrius Jonas Kęstutis Linas Lukas Mantas "
        "Mindaugas Rimas Saulius Tomas Vytautas Žygimantas",
        "Adomaitienė Balčiūnaitė Butkutė Gudaitė Jankauskaitė Jonaitytė Kazlauskienė Kavaliauskaitė Mažeikienė "
        "Naujokaitė Petrauskaitė Pocienė Rimkutė Sakalauskienė Stankutė Urbonaitė Vaitkutė Žukauskaitė",
        "Adomaitis Balčiūnas Butkus Gudaitis Jankauskas Jonaitis Kazlauskas Kavaliauskas Mažeika Naujokas Petrauskas "
        "Pocius Rimkus Sakalauskas Stankus Urbonas Vaitkus Žukauskas",
    ),
    "th": _pools(
        "Anong Apinya Busaba Chanida Duangjai Jintana Kanya Kultida Lalita Malee Nattaya Orawan Pimchanok Ratana "
        "Siriporn Sukanya Supaporn Suda Wanida Yupin",
        "Adisak Anan Apichat Chaiwat Chatchai Kittipong Manop Narong Niran Pichit Prasert Preecha Sakda Sombat Somchai "
        "Somsak Suchart Surasak Thanakorn Wichai",
        "Boonmee Bunnak Chaidee Charoensuk Intharat Kaewkla Khamsing Maneerat Meesuk Phromma Rattanakorn Saetang "
        "Saelim Srisai Srisuk Suksai Thongchai Thongdee Wongsa Wongsakul",
    ),
    "ur": _pools(
        "Aisha Amber Ayesha Bushra Fatima Hina Iqra Javeria Kiran Maham Mehwish Nadia Nida Rabia Saima Sana Shazia "
        "Sidra Uzma Zainab",
        "Adnan Ahsan Asad Bilal Danish Faisal Farhan Hamza Haris Imran Junaid Kamran Nadeem Noman Rashid Saad Salman "
        "Shahid Tariq Usman",
        "Abbasi Afridi Akhtar Ansari Aslam Baig Butt Chaudhry Farooqi Gillani Hashmi Javed Khattak Malik Mirza Mughal "
        "Qureshi Rana Rehman Siddiqui Yousaf Zafar",
    ),
    "vi": _pools(
        "Anh Bích Chi Diệp Dung Giang Hà Hạnh Hiền Hoa Huệ Hương Lan Linh Mai Ngọc Nhung Phương Quỳnh Thảo Trang Tuyết "
        "Vân Yến",
        "An Bình Chiến Công Cường Dũng Đạt Đức Hải Hiếu Hoàng Hùng Khánh Khoa Long Minh Nam Phong Phúc Quang Sơn Thắng "
        "Tuấn Việt",
        "Bùi Châu Đặng Đinh Đỗ Đoàn Dương Hồ Huỳnh Lâm Lê Lương Mạc Ngô Nguyễn Phạm Phan Tạ Tô Trần Trịnh Trương Võ Vũ",
    ),
    "zh": _pools(
        "Fang Hong Hui Jiayi Jing Lan Lihua Mei Min Na Ping Qian Rong Shu Ting Xiaoling Xinyi Xue Yan Yifan Ying "
        "Yun Yuxin Zhen",
        "Bin Bo Chao Dong Gang Guang Hao Haoran Jian Jianguo Jun Kai Lei Liang Ming Peng Qiang Tao Wei Weimin Xiang "
        "Yong Zhiqiang Zihan Zixuan",
        "Cai Cao Chen Cheng Deng Dong Fan Feng Gao Guo Han He Hu Huang Jiang Liang Lin Liu Luo Ma Pan Peng Ren Shen "
        "Song Sun Tang Tian Wang Wei Wu Xiao Xie Xu Yang Ye Yuan Zhang Zhao Zheng Zhou Zhu",
    ),
}
